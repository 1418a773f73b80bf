"""A collection of Qdrant with a migration beside it."""

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
from backfill.live.databases.qdrant import clients, ending, reading, schema
from backfill.live.databases.qdrant.claims import Claim, claimed, waiting
from backfill.live.databases.qdrant.clients import patient
from backfill.live.databases.qdrant.notes import Notes, token
from backfill.live.databases.qdrant.searching import search
from backfill.live.databases.qdrant.settings import QdrantSettings
from backfill.live.databases.qdrant.view import Names, View, look
from backfill.live.sharing import Part, Queue


class Qdrant:
    """Implements :class:`backfill.live.base.Database`; what is said there is not said again.

    In the local mode each call has the database to itself. A server answers a call that needs
    several requests with others between them: a search shows an item on the side it moves to, and
    counts are those of a moment or the next.

    Args:
        name: of the migration; what it adds is named after it.
        settings: of the collection.

    Raises:
        InputError: the folder is used by another process or is not there.
    """

    carries = False
    shares = False

    def __init__(self, name: str, settings: QdrantSettings) -> None:
        self._settings, self.patience = settings, settings.patience
        self._name, self._names = name, Names.of(name)
        self._client, self._open = clients.opened(settings), True
        self._notes = Notes(self._client, self._names.notes)
        self._queue, self._stale = Queue(), set[Id]()

    @patient
    def facts(self, width: int | None) -> Facts:
        """What the collection is, and lacks."""
        with self._client.together:
            return schema.facts(self._view(), width)

    @patient
    def prepare(self, setup: Setup) -> None:
        """Add two vectors, which no point has yet."""
        if setup.carried is not None:
            raise InputError("qdrant: expected a method that carries no vectors forward, got one")
        with self._client.together:
            self._view().the_old()
            self._notes.prepare(setup, self._settings.collection)
            ending.add_vectors(self._view(), setup.width)

    @patient
    def state(self) -> Versioned:
        """Read the point of the state."""
        with self._client.together:
            return self._notes.state()

    def swap(self, state: State, version: int) -> bool:
        """Write the point of the state on the condition of its version."""
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
            found = reading.stale(self._prepared())
        unknown = found - self._stale
        self._stale = found
        if unknown:
            self._queue.forget()
        return len(unknown)

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
            return search(self._view(), queries, k, where, exact=exact)

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
        """Remove the old vectors if they are not to be kept."""
        with self._client.together:
            return ending.finish(self._prepared(), keep_old=keep_old)

    @patient
    def rollback(self) -> None:
        """Remove both vectors and the state."""
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
    def _swap(self, state: State, version: int, token: str) -> bool:
        with self._client.together:
            return self._notes.swap(state, version, token)

    @patient
    def _next(self, limit: int, part: Part) -> Claim:
        with self._client.together:
            view = self._prepared()
            points = self._queue.take(
                limit,
                (view.prepared, part),
                lambda: waiting(view, self._stale, part),
                lambda ids: claimed(view, ids),
            )
            return Claim(view, points)

    @patient
    def _chosen(self, ids: Sequence[Id]) -> Claim:
        with self._client.together:
            view = self._prepared()
            return Claim(view, claimed(view, ids))

    def _view(self) -> View:
        return look(self._client, self._settings, self._names, self._notes.prepared())

    def _prepared(self) -> View:
        view = self._view()
        if view.prepared is None:
            raise InputError(f"{self._name}: expected a migration that was started, got none")
        return view
