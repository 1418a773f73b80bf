"""A table of LanceDB with a migration beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

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
from backfill.live.databases.lancedb import ending, reading, schema
from backfill.live.databases.lancedb.claims import Claim, Upkeep, claimed, waiting
from backfill.live.databases.lancedb.notes import Notes
from backfill.live.databases.lancedb.passing import patient
from backfill.live.databases.lancedb.searching import search
from backfill.live.databases.lancedb.settings import LanceSettings
from backfill.live.databases.lancedb.sql import STALE
from backfill.live.databases.lancedb.view import Gallery, Names
from backfill.live.sharing import Part, Queue


class Lance:
    """Implements :class:`backfill.live.base.Database`; what is said there is not said again.

    Args:
        name: of the migration; what it adds is named after it.
        settings: of the table.

    Raises:
        InputError: the database or the table is not there.
    """

    carries = False
    shares = False

    def __init__(self, name: str, settings: LanceSettings) -> None:
        self._settings, self.patience = settings, settings.patience
        self._gallery = Gallery.connect(settings, Names(name))
        self._notes = Notes(self._gallery.database, f"backfill_{name}")
        self._queue, self._upkeep = Queue(), Upkeep(self._gallery)
        self._gallery.table()

    @patient
    def facts(self, width: int | None) -> Facts:
        """What the table is, and lacks."""
        return schema.facts(self._gallery.view(), width)

    @patient
    def prepare(self, setup: Setup) -> None:
        """Add two columns, which hold nothing yet."""
        if setup.carried is not None:
            raise InputError("lancedb: expected a method that carries no vectors forward, got one")
        self._gallery.prepare(setup)

    @patient
    def state(self) -> Versioned:
        """Read the row of the state."""
        return self._notes.state()

    @patient
    def swap(self, state: State, version: int) -> bool:
        """Merge conditionally; of two at once, LanceDB repeats the one that came second."""
        return self._notes.swap(state, version)

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
        """Mark stale fingerprints, all in one commit."""
        view, _ = self._gallery.prepared()
        stale = view.rule.found_stale
        if not view.table.count_rows(stale):
            return 0
        self._queue.forget()
        return int(view.table.update(where=stale, values={view.names.print: STALE}).rows_updated)

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
        """Search the version of the table that is current at the start."""
        return search(self._gallery.view(), queries, k, where, exact=exact)

    @patient
    def counts(self) -> Counts:
        """Count in one version of the table."""
        return reading.counts(self._gallery.prepared()[0])

    @patient
    def sample(self, n: int, seed: int) -> Rows:
        """Draw by hashes of keys."""
        return reading.sample(self._gallery.view(), n, seed)

    def rows(self) -> Iterable[Rows]:
        """Read one version of the table."""
        return reading.rows(self._gallery.view())

    @patient
    def new_vectors(self, ids: Sequence[Id]) -> dict[Id, Float32s]:
        """Read those of the items that are done."""
        return reading.new_vectors(self._gallery.prepared()[0], ids)

    @patient
    def finish(self, *, keep_old: bool) -> str:
        """Index the new column as the old one is, which is dropped if it is not to be kept."""
        return ending.finish(self._gallery.prepared()[0], keep_old=keep_old)

    @patient
    def rollback(self) -> None:
        """Drop both columns and the state."""
        ending.rollback(self._gallery.view())
        self._notes.drop()

    def close(self) -> None:
        """Nothing is held open."""

    @patient
    def _next(self, limit: int, part: Part) -> Claim:
        view, prepared = self._gallery.prepared()
        rows = self._queue.take(
            limit,
            (prepared, part),
            lambda: waiting(view, prepared, part),
            lambda ids: claimed(view, ids),
        )
        return Claim(view, rows, prepared.width, self._gallery, self._upkeep)

    @patient
    def _chosen(self, ids: Sequence[Id]) -> Claim:
        view, prepared = self._gallery.prepared()
        return Claim(view, claimed(view, ids), prepared.width, self._gallery, self._upkeep)
