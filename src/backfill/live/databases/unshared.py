"""What galleries have in common whose database neither shares items out nor tells of changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.base import Batch
from backfill.live.databases.reads import Found, Reads, View
from backfill.live.sharing import Part, Queue
from backfill.live.sparing import NONE, Sparing
from backfill.live.terms import Counts, Facts, Filter, Id, Query, Rows, Setup, Sides

T = TypeVar("T")


class Unshared(ABC, Generic[View, Found]):
    """Most of :class:`backfill.live.base.Database`; what is said there is not said again.

    Nothing is locked: two workers with one part of the items do the same twice.

    Args:
        name: of the migration.
        reads: what is read.
    """

    carries = False
    shares = False

    def __init__(self, name: str, reads: Reads[View, Found]) -> None:
        self._name, self._reads = name, reads
        self._queue, self._sparing = Queue(), Sparing()

    @abstractmethod
    def _view(self) -> View:
        """The gallery as it is now."""

    @abstractmethod
    def _do(self, work: Callable[[View], T], *, started: bool = True) -> T:
        """Do something that is safe to repeat, until it works.

        Args:
            work: with what is seen.
            started: whether it needs a migration; see `_seen`.
        """

    @abstractmethod
    def _prepare(self, view: View, setup: Setup) -> None:
        """Make room for new vectors."""

    @abstractmethod
    def _waiting(self, view: View, part: Part) -> Iterable[tuple[Any, Id]]:
        """Items that are known to wait: what to sort by, and the key."""

    @abstractmethod
    def _batch(self, view: View, found: Found) -> Batch:
        """What a worker holds."""

    @abstractmethod
    def _reconcile(self, view: View) -> int:
        """Compare all fingerprints; see `reconcile`."""

    def _uncarried(self, view: View, limit: int) -> Rows:
        """Look for what is to be carried next."""
        return NONE

    def _carry(self, view: View, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
        """Write carried vectors."""
        return 0

    def _seen(self, *, started: bool) -> View:
        """The gallery as it is now.

        Raises:
            InputError: no migration was started, and one must have been.
        """
        view = self._view()
        if started and view.prepared is None:
            raise InputError(f"{self._name}: expected a migration that was started, got none")
        return view

    def facts(self, width: int | None) -> Facts:
        """What the gallery is, and lacks."""
        return self._do(lambda view: self._reads.facts(view, width), started=False)

    def prepare(self, setup: Setup) -> None:
        """Make room for new vectors."""
        if setup.carried is not None and not self.carries:
            raise InputError(f"{self._name}: expected a method that carries no vectors, got one")
        self._do(lambda view: self._prepare(view, setup), started=False)

    @contextmanager
    def claim(self, limit: int, part: Part = (0, 1)) -> Iterator[Batch]:
        """Claim what waits."""

        def work(view: View) -> Batch:
            found = self._queue.take(
                limit,
                (view.prepared, part),
                lambda: self._waiting(view, part),
                lambda ids: self._reads.claimed(view, ids),
            )
            return self._batch(view, found)

        yield self._do(work)

    @contextmanager
    def claim_ids(self, ids: Sequence[Id]) -> Iterator[Batch]:
        """Claim those that wait."""
        yield self._do(lambda view: self._batch(view, self._reads.claimed(view, ids)))

    def reconcile(self) -> int:
        """Compare all fingerprints."""
        self._sparing.forget()
        found = self._do(self._reconcile)
        if found:
            self._queue.forget()
        return found

    def uncarried(self, limit: int) -> Rows:
        """What is to be carried next; seldom looked for when there is nothing."""
        return self._sparing.rows(lambda: self._do(lambda view: self._uncarried(view, limit)))

    def carry(self, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
        """Write carried vectors."""
        return self._do(lambda view: self._carry(view, ids, old, carried))

    def search(
        self, queries: Sequence[Query], k: int, where: Filter | None = None, *, exact: bool = False
    ) -> list[Sides]:
        """Search both sides."""
        search = self._reads.search
        return self._do(lambda view: search(view, queries, k, where, exact), started=False)

    def counts(self) -> Counts:
        """Count by fingerprints."""
        return self._do(self._reads.counts)

    def sample(self, n: int, seed: int) -> Rows:
        """Draw by hashes of keys."""
        return self._do(lambda view: self._reads.sample(view, n, seed), started=False)

    def rows(self) -> Iterable[Rows]:
        """Read in blocks."""
        return self._reads.rows(self._view())

    def new_vectors(self, ids: Sequence[Id]) -> dict[Id, Float32s]:
        """Read those of the items that are done."""
        return self._do(lambda view: self._reads.new_vectors(view, ids))
