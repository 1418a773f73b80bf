"""The state, in a small collection of the migration's own, and how it is swapped."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, NamedTuple

from backfill.live.databases.milvus import collections
from backfill.live.databases.milvus.clients import Client, Missing, Passing
from backfill.live.databases.milvus.collections import BODY, KEY, VERSION, note
from backfill.live.databases.milvus.expressions import among
from backfill.live.terms import State, Versioned

_REMEMBERED = 100  # swaps


class _Current(NamedTuple):
    name: str
    version: int
    token: str


class States:
    """The state's version and the token of the swap that made it stand in its collection's name.

    Milvus has no conditional write, but of several that rename one collection, one succeeds: the
    others find nothing of the old name. So a swap inserts its state, by its token, and renames.

    Args:
        client: of the database.
        name: that the collection's name begins with.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._prefix = client, f"{name}_"

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

    def create(self) -> None:
        """Make the collection, with version 0, before anybody swaps."""
        if self._current() is None:
            self._first()

    def drop(self) -> None:
        """Remove the collection."""
        for found in self._states():
            collections.drop(self._client, found.name)

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
