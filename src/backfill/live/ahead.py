"""Scales of queries, computed while the database searches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from backfill.live.serving import Scales, Serving
from backfill.live.terms import Query, Sides


class Ahead:
    """Computes scales beside a search if the one before it had two sides to be merged.

    A background does not fit into a processor's caches, so that its cosines take about as long as
    a walk of an index; a search waits for the server meanwhile.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(thread_name_prefix="scales")
        self._needed = False

    def scales(self, serving: Serving, queries: Sequence[Query]) -> list[Callable[[], Scales]]:
        """What gives the scales of each query, once it is asked."""
        if self._needed and serving.calibrated:
            return [self._pool.submit(serving.scales, query).result for query in queries]
        return [partial(serving.scales, query) for query in queries]

    def learn(self, found: Sequence[Sides]) -> None:
        """See whether there were two sides to be merged."""
        self._needed = any(sides.done and (sides.waiting or _left(sides)) for sides in found)

    def close(self) -> None:
        """End its threads."""
        self._pool.shutdown()


def _left(sides: Sides) -> bool:
    return sides.uncarried is not None and bool(sides.uncarried.ids)
