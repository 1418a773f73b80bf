"""A gallery in PostgreSQL with a migration beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TypeVar

from backfill.arrays import Float32s
from backfill.live.base import Batch
from backfill.live.databases.postgres import (
    carrying,
    claims,
    ending,
    locks,
    looking,
    reading,
    records,
)
from backfill.live.databases.postgres import search as searching
from backfill.live.databases.postgres.connections import Connection, Connections
from backfill.live.databases.postgres.known import Known
from backfill.live.databases.postgres.settings import PostgresSettings
from backfill.live.databases.postgres.view import View
from backfill.live.terms import (  # fmt: skip
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

T = TypeVar("T")
_BLOCK = 2000  # rows


class Postgres:
    """A table with content and old vectors; implements `backfill.live.base.Database`.

    Args:
        name: of the migration.
        settings: of the database.
    """

    carries = True
    shares = True

    def __init__(self, name: str, settings: PostgresSettings) -> None:
        self._name = name
        self._plain = Connections(settings)
        milliseconds = str(round(settings.statement_timeout * 1000))
        hurried = {"statement_timeout": milliseconds, "hnsw.ef_search": str(settings.ef_search)}
        self._searching = Connections(settings, searching.SESSION | hurried)
        self._known = Known(name, settings)

    def facts(self, width: int | None) -> Facts:
        """Look at the gallery; nothing is changed."""
        return self._do(partial(looking.facts, width=width))

    def prepare(self, setup: Setup) -> None:
        """Make room for new vectors and start to see changes; what is there already stays."""
        self._known.forget()
        self._do(partial(ending.prepare, setup=setup))
        self._known.forget()

    def state(self) -> Versioned:
        """The current state."""
        return self._plain.run(partial(records.state, name=self._name))

    def swap(self, state: State, version: int) -> bool:
        """Replace the state if `version` is still current; whether it was."""
        return self._plain.run(records.Swap(self._name, state, version))

    def claim(self, limit: int, part: tuple[int, int] = (0, 1)) -> AbstractContextManager[Batch]:
        """Claim the next items that wait; PostgreSQL shares them, and `part` is not needed."""
        return self._claim(lambda seen: locks.next_ones(seen.names, limit))

    def claim_ids(self, ids: Sequence[Id]) -> AbstractContextManager[Batch]:
        """Claim those of these items that wait and that nobody else has claimed."""
        return self._claim(lambda seen: locks.these(seen.names, seen.shape, ids))

    @contextmanager
    def _claim(self, lock: Callable[[View], Callable[[Connection], list[str]]]) -> Iterator[Batch]:
        def claimed(connection: Connection, seen: View) -> claims.Claimed:
            assert seen.prepared
            batch = claims.Claimed(seen.names, seen.shape, self._plain)
            claims.fill(connection, batch, lock(seen))
            return batch

        batch = self._do(claimed, keep=True)
        held = batch.connection
        try:
            yield batch
        finally:
            if held is not None:
                self._plain.back(held)

    def reconcile(self) -> int:
        """Compare all fingerprints, and let every item wait that is not done."""
        return self._do(reading.reconcile)

    def uncarried(self, limit: int) -> Rows:
        """Waiting items whose old vectors are to be carried forward next."""
        return self._do(partial(carrying.uncarried, limit=limit))

    def carry(self, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
        """Write carried vectors of items that wait and whose old vector is still the given one."""
        return self._do(partial(carrying.carry, ids=ids, old=old, carried=carried))

    def search(
        self, queries: Sequence[Query], k: int, where: Filter | None = None, *, exact: bool = False
    ) -> list[Sides]:
        """Search both sides in one snapshot."""
        work = partial(searching.search, queries=queries, k=k, where=where, exact=exact)
        # Who asks the old side alone knows of no migration, as of a second ago.
        bare = all(query.new is None for query in queries)
        connections = self._plain if exact else self._searching
        return connections.run(partial(self._known.use, work=work, bare=bare))

    def counts(self) -> Counts:
        """Count from the data, in one snapshot."""
        return self._do(reading.counts)

    def sample(self, n: int, seed: int) -> Rows:
        """Draw items at random that have an old vector and content."""
        return self._do(partial(reading.sample, n=n, seed=seed))

    def rows(self) -> Iterator[Rows]:
        """All items that have an old vector, in blocks, in the order of their keys."""
        last = None
        while True:
            block = self._do(partial(reading.after, last=last, limit=_BLOCK))
            if not block.ids:
                return
            last = str(block.ids[-1])
            yield block

    def new_vectors(self, ids: Sequence[Id]) -> dict[Id, Float32s]:
        """The new vectors of those of the items that are done."""
        return self._do(partial(reading.new_vectors, ids=ids))

    def finish(self, *, keep_old: bool) -> str:
        """Give the old vectors up, or keep them for a rollback; new ones stay where they are."""
        said = self._do(partial(ending.finish, keep_old=keep_old))
        self._known.forget()
        return said

    def rollback(self) -> None:
        """Remove everything that `prepare` and later calls made."""
        self._known.forget()
        self._do(ending.rollback)
        self._known.forget()

    def close(self) -> None:
        """End connections."""
        self._plain.close()
        self._searching.close()

    def _do(self, work: Callable[[Connection, View], T], *, keep: bool = False) -> T:
        """Work with what is known of the gallery."""
        return self._plain.run(partial(self._known.use, work=work), keep=keep)
