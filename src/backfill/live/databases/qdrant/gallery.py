"""A collection of Qdrant with a migration beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from backfill.arrays import Float32s
from backfill.live.base import Batch
from backfill.live.databases.qdrant import carrying, clients, ending, reading, schema
from backfill.live.databases.qdrant.claims import Claim, claimed, waiting
from backfill.live.databases.qdrant.clients import patient
from backfill.live.databases.qdrant.looking import look
from backfill.live.databases.qdrant.names import Names
from backfill.live.databases.qdrant.notes import Notes, token
from backfill.live.databases.qdrant.searching import search
from backfill.live.databases.qdrant.settings import QdrantSettings
from backfill.live.databases.qdrant.view import View
from backfill.live.databases.reads import Reads
from backfill.live.databases.unshared import Unshared
from backfill.live.sharing import Part
from backfill.live.terms import Id, Rows, Setup, State, Versioned

T = TypeVar("T")


class Qdrant(Unshared[View, list[Any]]):
    """Implements :class:`backfill.live.base.Database`; what is said there is not said again.

    In the local mode each call has the database to itself. A server answers a call that needs
    several requests with others between them: a search shows an item on the side it moves to, and
    counts are those of a moment or the next.

    An upsert of the application is seen at once. An old vector that changes otherwise is noticed by
    the next worker that looks for vectors to carry forward, and by exact searches.

    Args:
        name: of the migration; what it adds is named after it.
        settings: of the collection.

    Raises:
        InputError: the folder is used by another process or is not there.
    """

    carries = True

    def __init__(self, name: str, settings: QdrantSettings) -> None:
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
        self._settings, self.patience = settings, settings.patience
        self._names = Names.of(name)
        self._client, self._open = clients.opened(settings), True
        self._notes = Notes(self._client, self._names.notes)
        self._stale = set[Id]()

    @patient
    def state(self) -> Versioned:
        """Read the point of the state."""
        with self._client.together:
            return self._notes.state()

    def swap(self, state: State, version: int) -> bool:
        """Write the point of the state on the condition of its version."""
        return self._swap(state, version, token())

    def finish(self, *, keep_old: bool) -> str:
        """Remove the old vectors if they are not to be kept."""
        return self._do(lambda view: ending.finish(view, keep_old=keep_old))

    @patient
    def rollback(self) -> None:
        """Remove all vectors of the migration, and the state."""
        with self._client.together:
            ending.rollback(self._view())
            self._notes.drop()
        self._stale = set()

    def close(self) -> None:
        """Close the client, unless others in this process use the folder."""
        if self._open:
            self._open = False
            clients.close(self._client)

    @patient
    def _do(self, work: Callable[[View], T], *, started: bool = True) -> T:
        with self._client.together:
            return work(self._seen(started=started))

    @patient
    def _swap(self, state: State, version: int, token: str) -> bool:
        with self._client.together:
            return self._notes.swap(state, version, token)

    def _view(self) -> View:
        return look(self._client, self._settings, self._names, self._notes.prepared())

    def _prepare(self, view: View, setup: Setup) -> None:
        """Add vectors, which no point has yet."""
        view.the_old()
        self._notes.prepare(setup, self._settings.collection)
        ending.add_vectors(view, setup)

    def _waiting(self, view: View, part: Part) -> Iterable[tuple[Any, Id]]:
        return waiting(view, self._stale, part)

    def _batch(self, view: View, found: list[Any]) -> Batch:
        return Claim(view, found)

    def _reconcile(self, view: View) -> int:
        """Compare all fingerprints; this process then claims what is stale first."""
        carrying.drop_changed(view)
        found = reading.stale(view)
        unknown = found - self._stale
        self._stale = found
        return len(unknown)

    def _uncarried(self, view: View, limit: int) -> Rows:
        return carrying.uncarried(view, limit)

    def _carry(self, view: View, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
        return carrying.carry(view, ids, old, carried)
