"""A table of LanceDB with a migration beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import pyarrow as pa

from backfill.arrays import Float32s
from backfill.live.base import Batch
from backfill.live.databases.lancedb import beginning, carrying, ending, reading, schema
from backfill.live.databases.lancedb.claims import Claim, Upkeep, claimed, waiting
from backfill.live.databases.lancedb.notes import Notes
from backfill.live.databases.lancedb.passing import patient
from backfill.live.databases.lancedb.rule import STALE
from backfill.live.databases.lancedb.searching import search
from backfill.live.databases.lancedb.settings import LanceSettings
from backfill.live.databases.lancedb.tables import Gallery
from backfill.live.databases.lancedb.view import Names, View
from backfill.live.databases.reads import Reads
from backfill.live.databases.unshared import Unshared
from backfill.live.sharing import Part
from backfill.live.terms import Id, Rows, Setup, State, Versioned

T = TypeVar("T")


class Lance(Unshared[View, pa.Table]):
    """Implements :class:`backfill.live.base.Database`; what is said there is not said again.

    An old vector that changes while the content stays is noticed by the next worker that looks for
    vectors to carry forward, and by exact searches; all other changes are seen at once.

    Args:
        name: of the migration; what it adds is named after it.
        settings: of the table.

    Raises:
        InputError: the database or the table is not there.
    """

    carries = True

    def __init__(self, name: str, settings: LanceSettings) -> None:
        super().__init__(
            name,
            Reads(
                schema.facts,
                search,
                reading.counts,
                reading.sample,
                reading.rows,
                reading.new_vectors,
                claimed,
            ),
        )
        self.patience = settings.patience
        self._gallery = Gallery.connect(settings, Names.of(name))
        self._notes = Notes(self._gallery.database, f"backfill_{name}")
        self._upkeep = Upkeep(self._gallery)
        self._gallery.table()

    @patient
    def state(self) -> Versioned:
        """Read the row of the state."""
        return self._notes.state()

    @patient
    def swap(self, state: State, version: int) -> bool:
        """Merge conditionally; of two at once, LanceDB repeats the one that came second."""
        return self._notes.swap(state, version)

    def finish(self, *, keep_old: bool) -> str:
        """Index the new column as the old one is, which is dropped if it is not to be kept."""
        return self._do(lambda view: ending.finish(view, keep_old=keep_old))

    def rollback(self) -> None:
        """Drop all columns and the state."""
        self._do(ending.rollback, started=False)
        self._do(lambda _: self._notes.drop(), started=False)

    def close(self) -> None:
        """Nothing is held open."""

    @patient
    def _do(self, work: Callable[[View], T], *, started: bool = True) -> T:
        return work(self._seen(started=started))

    def _view(self) -> View:
        return self._gallery.view()

    def _prepare(self, view: View, setup: Setup) -> None:
        """Add columns, which hold nothing yet."""
        beginning.prepare(view, setup)

    def _waiting(self, view: View, part: Part) -> Iterable[tuple[Any, Id]]:
        return waiting(view, part)

    def _batch(self, view: View, found: pa.Table) -> Batch:
        return Claim(view, found, self._gallery, self._upkeep)

    def _reconcile(self, view: View) -> int:
        """Mark stale fingerprints, all in one commit."""
        carrying.mark(view)
        stale = view.rule.found_stale
        if not view.table.count_rows(stale):
            return 0
        return int(view.table.update(where=stale, values={view.names.print: STALE}).rows_updated)

    def _uncarried(self, view: View, limit: int) -> Rows:
        return carrying.uncarried(view, limit)

    def _carry(self, view: View, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
        return carrying.carry(view, self._gallery, ids, old, carried)
