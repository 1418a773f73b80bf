"""A collection of Milvus with a migration beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from backfill.live.base import Batch
from backfill.live.databases.milvus import collections, ending, facts, reading, shape
from backfill.live.databases.milvus.claims import Claim, Upkeep, claimed, waiting
from backfill.live.databases.milvus.clients import opened, patient
from backfill.live.databases.milvus.paging import Row
from backfill.live.databases.milvus.searching import search
from backfill.live.databases.milvus.settings import MilvusSettings
from backfill.live.databases.milvus.setups import Setups
from backfill.live.databases.milvus.states import States, token
from backfill.live.databases.milvus.view import View, require
from backfill.live.databases.reads import Reads
from backfill.live.databases.unshared import Unshared
from backfill.live.sharing import Part
from backfill.live.terms import Filter, Id, Query, Setup, Sides, State, Versioned

T = TypeVar("T")


class Milvus(Unshared[View, list[Row]]):
    """Implements :class:`backfill.live.base.Database`; what is said there is not said again.

    Milvus has no transactions. A search makes several requests, and shows an item that moves
    between them on the side it moves to; counts are those of a moment or the next. An item whose
    content changes while its new vector is written may get one that is stale; it waits again.

    Old vectors are not carried forward. A search would have to find the items that are not carried
    yet, such as those that were just inserted. Milvus neither joins the collection of carried
    vectors with the user's nor tells of changes, so each search would read all keys of both.

    Args:
        name: of the migration; what it adds is named after it.
        settings: of the collection.

    Raises:
        InputError: the server does not answer, the file is used by another process, or the
            collection or a field of it is not there.
    """

    def __init__(self, name: str, settings: MilvusSettings) -> None:
        super().__init__(
            name,
            Reads(
                facts.facts,
                _search,
                reading.counts,
                reading.sample,
                reading.rows,
                reading.new_vectors,
                claimed,
            ),
        )
        self._settings, self.patience = settings, settings.patience
        self._alias, self._new = f"backfill_{name}", f"backfill_{name}_vectors"
        self._connect()
        self._stale, self._upkeep = set[Id](), Upkeep()

    @patient
    def state(self) -> Versioned:
        """Read the row of the state."""
        with self._client.together:
            return self._states.state()

    def swap(self, state: State, version: int) -> bool:
        """Rename the collection of the state; of several that do, one succeeds."""
        return self._swap(state, version, token())

    def finish(self, *, keep_old: bool) -> str:
        """Name the new vectors by an alias. Old ones are not removed: that is the user's to do."""
        return self._do(
            lambda view: ending.finish(view, self._setups, self._alias, keep_old=keep_old)
        )

    @patient
    def rollback(self) -> None:
        """Remove the collections of the migration."""
        with self._client.together:
            ending.rollback(self._view(), self._setups, self._states)
        self._stale = set()

    def close(self) -> None:
        """Close the connection."""
        self._client.api.close()

    @patient
    def _do(self, work: Callable[[View], T], *, started: bool = True) -> T:
        with self._client.together:
            return work(self._seen(started=started))

    @patient
    def _swap(self, state: State, version: int, token: str) -> bool:
        with self._client.together:
            return self._states.swap(state, version, token)

    @patient
    def _connect(self) -> None:
        self._client = opened(self._settings)
        with self._client.together:
            self._shape = shape.look(self._client, self._settings)
        self._setups = Setups(self._client, f"{self._alias}_setup")
        self._states = States(self._client, f"{self._alias}_state")

    def _view(self) -> View:
        return View(self._client, self._settings, self._shape, self._new, self._setups.prepared())

    def _prepare(self, view: View, setup: Setup) -> None:
        """Make the collections of the migration."""

        def make() -> None:
            collections.drop_others(self._client, self._new, self._shape.key, setup.width)
            schema = collections.new_vectors(self._shape.key, setup.width)
            collections.create(self._client, self._new, schema)
            self._states.create()

        self._setups.prepare(setup, self._settings.collection, make, whole=self._shape.whole)

    def _waiting(self, view: View, part: Part) -> Iterable[tuple[Any, Id]]:
        first = self._setups.first(require(view.prepared, self._alias))
        return waiting(view, first, self._stale, part)

    def _batch(self, view: View, found: list[Row]) -> Batch:
        return Claim(view, found, self._upkeep)

    def _reconcile(self, view: View) -> int:
        """Compare all fingerprints; this process then claims what is stale first."""
        self._upkeep.flush(view)
        found, gone = reading.stale(view), reading.orphans(view)
        collections.delete(self._client, self._new, gone)
        unknown = found - self._stale
        self._stale = found
        return len(unknown) + len(gone)


def _search(
    view: View, queries: Sequence[Query], k: int, where: Filter | None, exact: bool
) -> list[Sides]:
    """Search with the consistency that was set."""
    return search(replace(view, consistency=view.settings.consistency), queries, k, where, exact)
