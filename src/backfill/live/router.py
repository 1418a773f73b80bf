"""Search while the gallery is being re-embedded: both models' vectors, one list."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.ahead import Ahead
from backfill.live.asked import Vectors, checked, embedded
from backfill.live.merging import Result, merge, moved
from backfill.live.on_demand import OnDemand
from backfill.live.opened import Opened, serving_of
from backfill.live.serving import Scales, Serving, unit_vector
from backfill.live.terms import Filter, Id, Query, Sides, State

_REFRESH = 1.0  # seconds for which a state is taken for the current one
_PLAIN = Serving("old_query")  # before a migration is started: the old system


class Router:
    """Answers queries before, during and after a migration.

        with Router.open("migration.yaml") as router:
            router.search("a question", k=10, where={"language": "en"})

    Each item is found at most once, on its current side. With nothing backfilled and with
    everything backfilled the answer is that of one system.

    Args:
        opened: the migration.
        on_demand: embeds the nearest items that wait, if it is given.
    """

    def __init__(self, opened: Opened, on_demand: OnDemand | None = None) -> None:
        self._opened, self._on_demand = opened, on_demand
        self._serving, self._digest = _PLAIN, ""
        self._state, self._read_at = State(), -np.inf
        self._ahead = Ahead()

    @classmethod
    def open(cls, file: str | Path, on_demand: OnDemand | None = None) -> Self:
        """Open a migration by its file.

        Raises:
            InputError: the file is not as expected, or the database does not answer.
        """
        return cls(Opened.of(Path(file)), on_demand)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End connections, after what is being embedded on demand is written."""
        if self._on_demand is not None:
            self._on_demand.close()
        self._ahead.close()
        self._opened.close()

    def search(
        self,
        query: str | Vectors,
        k: int = 10,
        where: Filter | None = None,
        *,
        exact: bool = False,
    ) -> list[Result]:
        """Search for one query.

        Args:
            query: a text, which the models embed, or its vectors.
            k: most results.
            where: column -> the value that it must have, or a list of such values.
            exact: compare with every vector instead of using indexes.

        Returns:
            The first results, highest score first.

        Raises:
            InputError: the query has no vector that is needed; the database does not answer.
        """
        return self.search_many([query], k, where, exact=exact)[0]

    def search_many(
        self,
        queries: Sequence[str | Vectors],
        k: int = 10,
        where: Filter | None = None,
        *,
        exact: bool = False,
    ) -> list[list[Result]]:
        """Search for several queries, all in one snapshot of the database; see :meth:`search`."""
        if not isinstance(k, int) or isinstance(k, bool) or k < 1:
            raise InputError(f"k: expected a whole number of at least 1, got {k!r}")
        vectors = self._embedded(queries)
        depth = k if self._on_demand is None else max(k, self._on_demand.k)
        ready, sides, scales = self._both_sides(vectors, depth, where, exact)
        found = []
        for query, each, scale in zip(ready, sides, scales, strict=True):
            merged = merge(self._serving, query, each, depth, scale)
            found.append(self._nearer(query, each, merged, depth, scale)[:k])
        self._ahead.learn(sides)
        return found

    def _both_sides(
        self, vectors: list[Vectors], k: int, where: Filter | None, exact: bool
    ) -> tuple[list[Query], list[Sides], list[Callable[[], Scales]]]:
        """Search, and once more if the state that was known is no longer the current one."""
        database = self._opened.database
        for fresh in (False, True):
            before = self._state
            self._refresh(at_once=fresh)
            ready = [self._query(each) for each in vectors]
            scales = self._ahead.scales(self._serving, ready)
            try:
                return ready, database.search(ready, k, where, exact=exact), scales
            except InputError:
                self._refresh(at_once=True)
                if fresh or (self._state.phase, self._digest) == (before.phase, before.method):
                    raise
        raise AssertionError

    def _nearer(
        self,
        query: Query,
        sides: Sides,
        merged: list[Result],
        k: int,
        scales: Callable[[], Scales],
    ) -> list[Result]:
        """Embed on demand what waits among the first results, and merge anew."""
        wait = [result.id for result in merged if not result.done]
        if self._on_demand is None or not wait or query.new is None:
            return merged
        vectors = self._on_demand.embed(self._opened.database, self._opened.new, wait)
        if not vectors:
            return merged
        return merge(self._serving, query, moved(sides, query.new, vectors), k, scales)

    def _refresh(self, *, at_once: bool = False) -> None:
        if not at_once and time.monotonic() - self._read_at < _REFRESH:
            return
        self._state = self._opened.database.state().state
        self._read_at = time.monotonic()
        if self._state.phase == "absent":
            self._serving, self._digest = _PLAIN, ""
        elif self._digest != self._state.method:
            self._serving = serving_of(self._opened.migration, self._state)
            self._digest = self._state.method

    def _embedded(self, queries: Sequence[str | Vectors]) -> list[Vectors]:
        """Embed the queries that are texts, by the models that are needed."""
        self._refresh()
        texts = [query for query in queries if isinstance(query, str)]
        old: list[Float32s] = []
        new: list[Float32s] = []
        if texts and self._wants_old:
            if self._opened.old is None:
                raise InputError("old: expected the model in service, to embed a query, got none")
            old = [*embedded(self._opened.old, texts)]
        if texts and self._wants_new:
            new = [*embedded(self._opened.new, texts)]
        number, made = 0, []
        for query in queries:
            if isinstance(query, str):
                made.append(Vectors(old[number] if old else None, new[number] if new else None))
                number += 1
            else:
                made.append(Vectors(*query))
        return made

    @property
    def _wants_new(self) -> bool:
        return self._state.phase != "absent"

    @property
    def _wants_old(self) -> bool:
        if self._state.phase == "finished" and not self._state.keeps_old:
            return False
        return self._serving.needs_old_query

    def _query(self, vectors: Vectors) -> Query:
        old, new = (
            checked(each, name) for each, name in zip(vectors, Vectors._fields, strict=True)
        )
        if not self._wants_new:
            if old is None:
                raise InputError(
                    "query: expected a vector of the old model, which serves, got none"
                )
            return Query(unit_vector(old), None)
        if new is None:
            raise InputError("query: expected a vector of the new model, got none")
        if not self._wants_old and self._serving.needs_old_query:
            return Query(None, unit_vector(new))
        return self._serving.query(old, new)


__all__ = ["Id", "Result", "Router", "Vectors"]
