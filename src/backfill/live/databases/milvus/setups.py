"""What was set up: rows of a small collection of the migration's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from backfill.errors import InputError
from backfill.live.databases.milvus import collections
from backfill.live.databases.milvus.clients import Client, Missing
from backfill.live.databases.milvus.collections import BODY, KEY, note
from backfill.live.databases.milvus.expressions import among
from backfill.live.terms import Id, Setup

_SETUP = "setup"
_CHUNK = 60_000  # characters of a note of keys, which are ASCII


class Prepared(BaseModel):
    """What `prepare` was called with, and for which collection.

    Attributes:
        chunks: of the keys that come first, each in a note of its own.
        old_given_up: whether the old vectors are to be used no more.
    """

    model_config = ConfigDict(frozen=True)

    collection: str
    model: str
    width: int
    order: Literal["random", "id"]
    chunks: int
    old_given_up: bool = False


class Setups:
    """One note of what was set up, and notes of the keys that come first.

    Args:
        client: of the database.
        name: of the collection.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._name = client, name

    def prepared(self) -> Prepared | None:
        """What was set up; None before."""
        found = self._notes([_SETUP])
        return Prepared.model_validate_json(found[0][BODY]) if found else None

    def first(self, prepared: Prepared) -> list[Id]:
        """The keys that come first."""
        found = self._notes(list(map(str, range(prepared.chunks)))) if prepared.chunks else []
        texts = {int(row[KEY]): row[BODY] for row in found}
        return list(json.loads("".join(texts[place] for place in sorted(texts)) or "[]"))

    def prepare(
        self, setup: Setup, collection: str, make: Callable[[], None], *, whole: bool
    ) -> None:
        """Note what was set up, after all else of it was made.

        Args:
            setup: that is asked for.
            collection: that it is for.
            make: makes what else belongs to it.
            whole: whether keys are whole numbers.

        Raises:
            InputError: there is a migration of another model, width or collection.
        """
        keys = json.dumps([int(key) if whole else str(key) for key in setup.first])
        texts = [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]
        wanted = Prepared(
            collection=collection,
            model=setup.model,
            width=setup.width,
            order=setup.order,
            chunks=len(texts),
        )
        there = self.prepared()
        for key in ("collection", "model", "width"):
            if there is not None and getattr(there, key) != getattr(wanted, key):
                raise InputError(
                    f"{self._name}: expected the {key} of the migration that is there, "
                    f"{getattr(there, key)}, got {key} {getattr(wanted, key)}"
                )
        if there is None:
            collections.create(self._client, self._name, collections.notes())
        else:
            wanted = wanted.model_copy(update={"old_given_up": there.old_given_up})
        make()
        chunks = [note(str(place), text) for place, text in enumerate(texts)]
        self._client.call("upsert", self._name, chunks)
        self._note(wanted)

    def give_old_up(self, prepared: Prepared) -> None:
        """Note that old vectors are to be used no more."""
        self._note(prepared.model_copy(update={"old_given_up": True}))

    def drop(self) -> None:
        """Remove the collection: then there is no migration."""
        collections.drop(self._client, self._name)

    def _note(self, prepared: Prepared) -> None:
        self._client.call("upsert", self._name, [note(_SETUP, prepared.model_dump_json())])

    def _notes(self, keys: list[str]) -> list[dict[str, Any]]:
        try:
            return list(
                self._client.call(
                    "query",
                    self._name,
                    among(KEY, keys),
                    output_fields=[KEY, BODY],
                    consistency_level="Strong",
                )
            )
        except Missing:
            return []
