"""A small collection of a migration's own: what was set up, and the state."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from qdrant_client import models

from backfill.errors import InputError
from backfill.live.databases.qdrant.clients import Client, unless_missing, unless_there
from backfill.live.terms import Id, Setup, State, Versioned

_STATE, _SETUP = 1, 2  # points
_REMEMBERED = 100  # swaps


class Prepared(BaseModel):
    """What `prepare` was called with, and for which collection."""

    model_config = ConfigDict(frozen=True)

    collection: str
    model: str
    width: int
    carried: int | None = None
    order: Literal["random", "id"]
    first: tuple[Id, ...]


class Notes:
    """Two points without vectors.

    A swap is an upsert on the condition of the version. Qdrant does not say whether a condition
    held, so each swap leaves a token, and each later one hands the last tokens on.

    Args:
        client: of the database.
        name: of the collection.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._name = client, name

    def state(self) -> Versioned:
        """The state; a new one, of version 0, if there is none."""
        return _versioned(self._read().get(_STATE))

    def prepared(self) -> Prepared | None:
        """What was set up; None before."""
        found = self._read().get(_SETUP)
        return None if found is None else Prepared.model_validate_json(found["body"])

    def swap(self, state: State, version: int, token: str) -> bool:
        """Replace the state if it has this version.

        Args:
            state: the new one.
            version: of the current one.
            token: of this swap, the same when it is repeated after a failure.
        """
        found = self._read().get(_STATE) or {"version": 0, "tokens": []}
        if token in found["tokens"]:
            return True
        if found["version"] != version:
            return False
        self._create()
        tokens = [*found["tokens"][1 - _REMEMBERED :], token]
        body = {"version": version + 1, "body": state.model_dump_json(), "tokens": tokens}
        self._write(_STATE, body, version)
        return token in (self._read().get(_STATE) or {"tokens": []})["tokens"]

    def prepare(self, setup: Setup, collection: str) -> None:
        """Note what was set up.

        Raises:
            InputError: there is a migration of another model, width or collection.
        """
        wanted = Prepared(
            collection=collection,
            model=setup.model,
            width=setup.width,
            carried=setup.carried,
            order=setup.order,
            first=tuple(int(id_) if str(id_).isdecimal() else id_ for id_ in setup.first),
        )
        self._create()
        for _ in range(2):
            there = self.prepared()
            if there is None:
                self._write(_SETUP, {"version": 1, "body": wanted.model_dump_json()}, 0)
                continue
            for key in ("collection", "model", "width", "carried"):
                if getattr(there, key) != getattr(wanted, key):
                    raise InputError(
                        f"{self._name}: expected the {key} of the migration that is there, "
                        f"{getattr(there, key)}, got {key} {getattr(wanted, key)}"
                    )
        if there != wanted:
            self._write(_SETUP, {"version": 1, "body": wanted.model_dump_json()}, 1)

    def drop(self) -> None:
        """Remove the collection."""
        with unless_missing():
            self._client.api.delete_collection(self._name)

    def _read(self) -> dict[int, dict[str, Any]]:
        with unless_missing():
            found = self._client.api.retrieve(self._name, [_STATE, _SETUP])
            return {int(point.id): point.payload or {} for point in found}
        return {}

    def _create(self) -> None:
        if not self._client.api.collection_exists(self._name):
            with unless_there():
                self._client.api.create_collection(self._name, vectors_config={})

    def _write(self, point: int, payload: dict[str, Any], version: int) -> None:
        """Insert the first version, or replace this one; nothing happens if there is another."""
        insert = version == 0
        condition = models.FieldCondition(key="version", match=models.MatchValue(value=version))
        self._client.api.upsert(
            self._name,
            [models.PointStruct(id=point, vector={}, payload=payload)],
            ordering=models.WriteOrdering.STRONG,
            update_filter=None if insert else models.Filter(must=[condition]),
            update_mode=models.UpdateMode.INSERT_ONLY if insert else models.UpdateMode.UPDATE_ONLY,
        )


def token() -> str:
    """A token that nobody else has."""
    return uuid.uuid4().hex


def _versioned(found: dict[str, Any] | None) -> Versioned:
    if found is None:
        return Versioned(State(), 0)
    return Versioned(State.model_validate_json(found["body"]), found["version"])
