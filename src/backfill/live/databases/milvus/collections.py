"""Collections of the migration's own: they are made, searched by an alias, and removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymilvus import DataType, MilvusClient

from backfill.errors import InputError
from backfill.live.databases.milvus.clients import Client, Missing, Passing
from backfill.live.databases.milvus.expressions import among
from backfill.live.terms import Id

KEY, VECTOR, PRINT, BODY, VERSION = "id", "vector", "fingerprint", "body", "version"
BODY_BYTES = 65_535  # the longest string of Milvus
_AT_ONCE = 1000  # keys that are deleted by one request
_PRINT_BYTES = 64
_KEY_BYTES = 255


def new_vectors(key: dict[str, Any], width: int) -> Any:
    """Keys, new vectors and fingerprints.

    Args:
        key: the user's field of keys, as Milvus describes it.
        width: of new vectors.
    """
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    limit = {k: v for k, v in key["params"].items() if k == "max_length"}
    schema.add_field(KEY, key["type"], is_primary=True, **limit)
    schema.add_field(VECTOR, DataType.FLOAT_VECTOR, dim=width)
    schema.add_field(PRINT, DataType.VARCHAR, max_length=_PRINT_BYTES)
    return schema


def notes() -> Any:
    """Rows of text; Milvus wants a vector in each."""
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field(KEY, DataType.VARCHAR, max_length=_KEY_BYTES, is_primary=True)
    schema.add_field(VERSION, DataType.INT64)
    schema.add_field(BODY, DataType.VARCHAR, max_length=BODY_BYTES)
    schema.add_field(VECTOR, DataType.FLOAT_VECTOR, dim=2)
    return schema


def note(key: str, body: str, version: int = 0) -> dict[str, Any]:
    """A row of `notes`.

    Raises:
        InputError: the text is too long.
    """
    if len(body.encode()) > BODY_BYTES:
        raise InputError(f"milvus: expected a note of at most {BODY_BYTES} bytes, got a longer one")
    return {KEY: key, VERSION: version, BODY: body, VECTOR: [1.0, 0.0]}


def create(client: Client, name: str, schema: Any) -> None:
    """Make a collection and its index, or what of both is not there yet."""
    if not client.call("has_collection", name):
        try:
            client.call("create_collection", name, schema=schema, consistency_level="Strong")
        except Passing:  # somebody else has made it meanwhile
            if not client.call("has_collection", name):
                raise
    if not client.call("list_indexes", name):
        index = MilvusClient.prepare_index_params()
        index.add_index(VECTOR, index_type="AUTOINDEX", metric_type="COSINE")
        client.call("create_index", name, index, sync=False)
    client.call("load_collection", name)


def drop_others(client: Client, name: str, key: dict[str, Any], width: int) -> None:
    """Remove a collection of new vectors that an unfinished rollback left, if it is no use now."""
    try:
        fields = {f["name"]: f for f in client.call("describe_collection", name)["fields"]}
    except Missing:
        return
    if fields[KEY]["type"] != key["type"] or fields[VECTOR]["params"]["dim"] != width:
        drop(client, name)


def delete(client: Client, name: str, keys: Sequence[Id]) -> None:
    """Remove rows. The client's own argument for keys does not quote what they hold."""
    for start in range(0, len(keys), _AT_ONCE):
        client.call("delete", name, filter=among(KEY, keys[start : start + _AT_ONCE]))


def drop(client: Client, name: str) -> None:
    """Remove a collection and what points to it, if it is there."""
    try:
        for alias in client.call("list_aliases", name)["aliases"]:
            client.call("drop_alias", alias)
        client.call("drop_collection", name)
    except Missing:
        return
