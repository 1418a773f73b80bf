"""The cascade: the nearest items that wait are embedded while the query waits for its answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass, field

from backfill.arrays import Float32s
from backfill.live import aside
from backfill.live.base import Batch, Database
from backfill.live.embedders import Embedder, Unavailable
from backfill.live.embedding import is_empty
from backfill.live.spending import Budget
from backfill.live.terms import Id

_FIRST = 4  # items that are tried while nobody knows how long they take
_MEMORY = 0.3  # weight of the latest measurement


@dataclass
class OnDemand:
    """Embeds the items that a query is about to return, and keeps them as backfilled.

    Traffic so does the part of the backfill that it needs most.

    Attributes:
        k: of the first results, those that wait are embedded.
        seconds: the longest that a query waits for them. What comes later is written all the same.
        budget: most money.
    """

    k: int = 50
    seconds: float = 0.2
    budget: Budget = field(default_factory=Budget)
    _per_item: float | None = field(default=None, repr=False)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "on-demand"), repr=False
    )
    _busy: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def embed(
        self, database: Database, embedder: Embedder, ids: Sequence[Id]
    ) -> dict[Id, Float32s]:
        """Embed items that wait, as many as there is time for, and write their new vectors.

        Args:
            database: the gallery.
            embedder: the new model.
            ids: nearest first.

        Returns:
            The new vectors that were ready in time; none if the model fails, the cap is reached or
            an earlier query still embeds.
        """
        ids = ids[: self._affordable()]
        if not ids or not self._busy.acquire(blocking=False):
            return {}
        try:
            work: Future[dict[Id, Float32s]] = self._pool.submit(
                self._released, database, embedder, ids
            )
        except RuntimeError:  # it was closed
            self._busy.release()
            return {}
        try:
            return work.result(timeout=self.seconds)
        except LateError:
            return {}

    def close(self) -> None:
        """Finish what is being embedded."""
        self._pool.shutdown()

    def _affordable(self) -> int:
        if self._per_item is None:
            return min(self.k, _FIRST)
        return min(self.k, max(1, int(self.seconds / self._per_item)))

    def _released(
        self, database: Database, embedder: Embedder, ids: Sequence[Id]
    ) -> dict[Id, Float32s]:
        try:
            return self._embedded(database, embedder, ids)
        except Unavailable:  # workers say so, and pause
            return {}
        finally:
            self._busy.release()

    def _embedded(
        self, database: Database, embedder: Embedder, ids: Sequence[Id]
    ) -> dict[Id, Float32s]:
        known = aside.known(database.state().state)
        with database.claim_ids(ids) as batch:
            items = batch.items
            usable = [i.id for i in items if not is_empty(i.text) and aside.mark(i) not in known]
            if len(usable) == len(items) > 0:
                return self._written(database, embedder, batch)
        # What gets no vector is left to workers, who set it aside.
        return self._embedded(database, embedder, usable) if usable else {}

    def _written(self, database: Database, embedder: Embedder, batch: Batch) -> dict[Id, Float32s]:
        start, items = time.perf_counter(), batch.items
        with self.budget.paying(database, len(items)) as paid:
            embedding = embedder.documents([item.text for item in items])
            paid(embedding)
        batch.write(embedding.vectors)
        took = (time.perf_counter() - start) / len(items)
        before = took if self._per_item is None else self._per_item
        self._per_item = _MEMORY * took + (1 - _MEMORY) * before
        return {item.id: vector for item, vector in zip(items, embedding.vectors, strict=True)}
