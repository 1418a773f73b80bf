"""The user's collection as Milvus describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pymilvus import DataType

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.databases.milvus.clients import Client, Missing
from backfill.live.databases.milvus.settings import MilvusSettings

TEXTS = (DataType.VARCHAR, DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64)


@dataclass(frozen=True)
class Shape:
    """Fields that a migration uses.

    Attributes:
        fields: all of the collection, by name.
        others: whether rows may have further fields.
        key: the field of keys.
        vector: the field of old vectors.
        metric: that the index of the old vectors serves.
    """

    fields: dict[str, dict[str, Any]]
    others: bool
    key: dict[str, Any]
    vector: dict[str, Any]
    metric: str

    @property
    def id(self) -> str:
        """Name of the field of keys."""
        return str(self.key["name"])

    @property
    def whole(self) -> bool:
        """Whether keys are whole numbers."""
        return bool(self.key["type"] == DataType.INT64)

    @property
    def width(self) -> int:
        """Of the old vectors."""
        return int(self.vector["params"].get("dim", 0))

    @property
    def nullable(self) -> bool:
        """Whether rows may lack an old vector."""
        return bool(self.vector.get("nullable"))

    def cosine(self, distance: float) -> float:
        """The cosine, of what Milvus gives for the old vector, if that is of unit length."""
        return 1 - distance / 2 if self.metric == "L2" else distance


def look(client: Client, settings: MilvusSettings) -> Shape:
    """Ask what the collection is.

    Raises:
        InputError: it, or a field that the settings name, is not there.
    """
    name = settings.collection
    try:
        found = client.call("describe_collection", name)
        fields = {field["name"]: field for field in found["fields"]}
        others = bool(found.get("enable_dynamic_field"))
        for column in settings.content:
            if column not in fields and not others:
                raise InputError(f"database.content: expected a field of {name}, got {column!r}")
        if settings.vector not in fields:
            raise InputError(
                f"database.vector: expected a field of {name}, got {settings.vector!r}"
            )
        metric = "COSINE"
        for index in client.call("list_indexes", name):
            described = client.call("describe_index", name, index) or {}
            if described.get("field_name") == settings.vector:
                metric = str(described.get("metric_type", metric)).upper()
    except Missing as error:
        raise InputError(
            f"database.collection: expected one that is there, got {name!r}"
        ) from error
    (key,) = (field for field in fields.values() if field.get("is_primary"))
    return Shape(fields, others, key, fields[settings.vector], metric)


def vector_of(value: Any) -> Float32s | None:
    """An old vector; None if there is none, for which Milvus Lite gives zeros."""
    if value is None:
        return None
    vector = np.asarray(value, np.float32)
    return vector if vector.any() else None
