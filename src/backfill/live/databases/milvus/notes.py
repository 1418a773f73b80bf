"""What was set up, and the state: two small collections of the migration's own."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from backfill.errors import InputError
from backfill.live.base import Id, Setup, State, Versioned
from backfill.live.databases.milvus import collections
from backfill.live.databases.milvus.clients import Client, Missing, Passing
from backfill.live.databases.milvus.collections import BODY, KEY, VERSION, note
from backfill.live.databases.milvus.expressions import among

_SETUP = "setup"
_CHUNK = 8_000  # characters of a note, of up to 4 bytes in UTF-8 and again as many escapes
_REMEMBERED = 100  # swaps


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


class _Current(NamedTuple):
    name: str
    version: int
    token: str


class Notes:
    """The state's version and the token of the swap that made it stand in its collection's name.

    Milvus has no conditional write, but of several that rename one collection, one succeeds: the
    others find nothing of the old name. So a swap inserts its state, by its token, and renames.

    Args:
        client: of the database.
        name: that the names of both collections begin with.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._setup, self._prefix = client, f"{name}_setup", f"{name}_state_"

    def state(self) -> Versioned:
        """The state; a new one, of version 0, if there is none.

        Raises:
            Passing: others swapped all the time.
        """
        current = self._current()
        if current is None or not current.version:
            return Versioned(State(), 0)
        return Versioned(State.model_validate(self._body(current)["state"]), current.version)

    def swap(self, state: State, version: int, token: str) -> bool:
        """Replace the state if it has this version.

        Args:
            state: the new one.
            version: of the current one.
            token: of this swap, the same when it is repeated after a failure.
        """
        current = self._current() or self._first()
        tokens = self._body(current)["tokens"] if current.version else []
        if token in tokens:
            return True
        if current.version != version:
            return False
        tokens = [*tokens[1 - _REMEMBERED :], token]
        body = json.dumps({"state": state.model_dump(), "tokens": tokens})
        try:
            self._client.call("upsert", current.name, [note(token, body, version + 1)])
            renamed = f"{self._prefix}{version + 1}_{token}"
            self._client.call("rename_collection", current.name, renamed)
        except Missing:  # others were faster
            return False
        outdated = f'{VERSION} <= {version + 1} and {KEY} != "{token}"'
        try:
            self._client.call("delete", renamed, filter=outdated)
        except Missing:  # others have swapped since
            return True
        return True

    def prepared(self) -> Prepared | None:
        """What was set up; None before."""
        found = self._notes([_SETUP])
        return Prepared.model_validate_json(found[0][BODY]) if found else None

    def first(self, prepared: Prepared) -> list[Id]:
        """The keys that come first."""
        found = self._notes(list(map(str, range(prepared.chunks)))) if prepared.chunks else []
        texts = {int(row[KEY]): row[BODY] for row in found}
        return list(json.loads("".join(texts[place] for place in sorted(texts)) or "[]"))

    def prepare(self, setup: Setup, collection: str, *, whole: bool) -> None:
        """Note what was set up.

        Args:
            setup: that is asked for.
            collection: that it is for.
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
                    f"{self._setup}: expected the {key} of the migration that is there, "
                    f"{getattr(there, key)}, got {key} {getattr(wanted, key)}"
                )
        if there is None:
            collections.create(self._client, self._setup, collections.notes())
            self._current() or self._first()
        else:
            wanted = wanted.model_copy(update={"old_given_up": there.old_given_up})
        chunks = [note(str(place), text) for place, text in enumerate(texts)]
        self._client.call("upsert", self._setup, chunks)
        self._note(wanted)

    def give_old_up(self, prepared: Prepared) -> None:
        """Note that old vectors are to be used no more."""
        self._note(prepared.model_copy(update={"old_given_up": True}))

    def drop(self) -> None:
        """Remove both collections; the setup first, without which there is no migration."""
        collections.drop(self._client, self._setup)
        for found in self._states():
            collections.drop(self._client, found.name)

    def _note(self, prepared: Prepared) -> None:
        self._client.call("upsert", self._setup, [note(_SETUP, prepared.model_dump_json())])

    def _notes(self, keys: list[str]) -> list[dict[str, Any]]:
        try:
            return list(
                self._client.call(
                    "query",
                    self._setup,
                    among(KEY, keys),
                    output_fields=[KEY, BODY],
                    consistency_level="Strong",
                )
            )
        except Missing:
            return []

    def _states(self) -> list[_Current]:
        ours = re.compile(rf"{re.escape(self._prefix)}(\d+)(?:_([0-9a-f]{{32}}))?")
        matches = [ours.fullmatch(name) for name in self._client.collections()]
        return [_Current(m[0], int(m[1]), m[2] or "") for m in matches if m]

    def _current(self) -> _Current | None:
        """The highest version; of two, which cannot be unless both began it, the first token's."""
        found = self._states()
        return min(found, key=lambda each: (-each.version, each.token)) if found else None

    def _first(self) -> _Current:
        collections.create(self._client, f"{self._prefix}0", collections.notes())
        current = self._current()
        if current is None:
            raise Passing(f"{self._prefix}0 was removed")
        return current

    def _body(self, current: _Current) -> dict[str, Any]:
        """The row of the current state.

        Raises:
            Passing: somebody has swapped it meanwhile.
        """
        try:
            found = self._client.call(
                "query",
                current.name,
                among(KEY, [current.token]),
                output_fields=[BODY],
                consistency_level="Strong",
            )
        except Missing:
            found = []
        if not found:
            raise Passing(f"{current.name} was swapped")
        return dict(json.loads(found[0][BODY]))


def token() -> str:
    """A token that nobody else has."""
    return uuid.uuid4().hex
