"""A collection of Milvus with a migration beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.base import (
    Batch,
    Counts,
    Facts,
    Filter,
    Id,
    Query,
    Rows,
    Setup,
    Sides,
    State,
    Versioned,
)
from backfill.live.databases.milvus import collections, ending, facts, reading, shape
from backfill.live.databases.milvus.claims import Claim, Upkeep, claimed, waiting
from backfill.live.databases.milvus.clients import opened, patient
from backfill.live.databases.milvus.searching import search
from backfill.live.databases.milvus.settings import MilvusSettings
from backfill.live.databases.milvus.setups import Setups
from backfill.live.databases.milvus.states import States, token
from backfill.live.databases.milvus.view import View, require
from backfill.live.sharing import Part, Queue


class Milvus:
    """Implements :class:`backfill.live.base.Database`; what is said there is not said again.

    Milvus has no transactions. A search makes several requests, and shows an item that moves
    between them on the side it moves to; counts are those of a moment or the next. An item whose
    content changes while its new vector is written may get one that is stale; it waits again.

    Args:
        name: of the migration; what it adds is named after it.
        settings: of the collection.

    Raises:
        InputError: the server does not answer, the file is used by another process, or the
            collection or a field of it is not there.
    """

    carries = False
    shares = False

    def __init__(self, name: str, settings: MilvusSettings) -> None:
        self._settings, self.patience = settings, settings.patience
        self._alias, self._new = f"backfill_{name}", f"backfill_{name}_vectors"
        self._connect()
        self._queue, self._stale, self._upkeep = Queue(), set[Id](), Upkeep()

    @patient
    def facts(self, width: int | None) -> Facts:
        """What the collection is, and lacks."""
        with self._client.together:
            return facts.facts(self._view(), width)

    @patient
    def prepare(self, setup: Setup) -> None:
        """Make the collections of the migration."""
        if setup.carried is not None:
            raise InputError("milvus: expected a method that carries no vectors forward, got one")
        with self._client.together:
            self._setups.prepare(
                setup,
                self._settings.collection,
                lambda: self._make(setup.width),
                whole=self._shape.whole,
            )

    @patient
    def state(self) -> Versioned:
        """Read the row of the state."""
        with self._client.together:
            return self._states.state()

    def swap(self, state: State, version: int) -> bool:
        """Rename the collection of the state; of several that do, one succeeds."""
        return self._swap(state, version, token())

    @contextmanager
    def claim(self, limit: int, part: Part = (0, 1)) -> Iterator[Batch]:
        """Claim what waits. Nothing is locked: two workers with one part do the same twice."""
        yield self._next(limit, part)

    @contextmanager
    def claim_ids(self, ids: Sequence[Id]) -> Iterator[Batch]:
        """Claim those that wait."""
        yield self._chosen(ids)

    @patient
    def reconcile(self) -> int:
        """Compare all fingerprints; this process then claims what is stale first."""
        with self._client.together:
            view = self._prepared()
            self._upkeep.flush(view)
            found, gone = reading.stale(view), reading.orphans(view)
            collections.delete(self._client, self._new, gone)
        unknown = found - self._stale
        self._stale = found
        if unknown:
            self._queue.forget()
        return len(unknown) + len(gone)

    def uncarried(self, limit: int) -> Rows:
        """Give none: vectors are not carried forward here."""
        return Rows([], np.zeros((0, 0), np.float32), [])

    def carry(self, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
        """Write none: vectors are not carried forward here."""
        return 0

    @patient
    def search(
        self, queries: Sequence[Query], k: int, where: Filter | None = None, *, exact: bool = False
    ) -> list[Sides]:
        """Search both sides."""
        with self._client.together:
            view = replace(self._view(), consistency=self._settings.consistency)
            return search(view, queries, k, where, exact=exact)

    @patient
    def counts(self) -> Counts:
        """Count by reading all contents and fingerprints."""
        with self._client.together:
            return reading.counts(self._prepared())

    @patient
    def sample(self, n: int, seed: int) -> Rows:
        """Draw by hashes of keys."""
        with self._client.together:
            return reading.sample(self._view(), n, seed)

    def rows(self) -> Iterable[Rows]:
        """Read page by page."""
        return reading.rows(self._view())

    @patient
    def new_vectors(self, ids: Sequence[Id]) -> dict[Id, Float32s]:
        """Read those of the items that are done."""
        with self._client.together:
            return reading.new_vectors(self._prepared(), ids)

    @patient
    def finish(self, *, keep_old: bool) -> str:
        """Name the new vectors by an alias. Old ones are not removed: that is the user's to do."""
        with self._client.together:
            return ending.finish(self._prepared(), self._setups, self._alias, keep_old=keep_old)

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
    def _connect(self) -> None:
        self._client = opened(self._settings)
        with self._client.together:
            self._shape = shape.look(self._client, self._settings)
        self._setups = Setups(self._client, f"{self._alias}_setup")
        self._states = States(self._client, f"{self._alias}_state")

    def _make(self, width: int) -> None:
        collections.drop_others(self._client, self._new, self._shape.key, width)
        schema = collections.new_vectors(self._shape.key, width)
        collections.create(self._client, self._new, schema)
        self._states.create()

    @patient
    def _swap(self, state: State, version: int, token: str) -> bool:
        with self._client.together:
            return self._states.swap(state, version, token)

    @patient
    def _next(self, limit: int, part: Part) -> Claim:
        with self._client.together:
            view = self._prepared()
            prepared = require(view.prepared, self._alias)
            rows = self._queue.take(
                limit,
                (prepared, part),
                lambda: waiting(view, self._setups.first(prepared), self._stale, part),
                lambda ids: claimed(view, ids),
            )
            return Claim(view, rows, self._upkeep)

    @patient
    def _chosen(self, ids: Sequence[Id]) -> Claim:
        with self._client.together:
            view = self._prepared()
            return Claim(view, claimed(view, ids), self._upkeep)

    def _view(self) -> View:
        return View(self._client, self._settings, self._shape, self._new, self._setups.prepared())

    def _prepared(self) -> View:
        view = self._view()
        require(view.prepared, self._alias)
        return view
