"""How good and how fast answers are right now, by queries whose vectors are known."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from backfill import vectors
from backfill.arrays import Float32s
from backfill.live.opened import Opened
from backfill.live.pairs import PAIRS
from backfill.live.router import Router, Vectors

_QUERIES = 50


class Probe(NamedTuple):
    """What some queries have found.

    Attributes:
        queries: that were asked, one after the other.
        k: results of each.
        recall: share of the exact first k that indexes found.
        p50: median seconds of a search.
        p95: seconds that 95% of searches stay under.
    """

    queries: int
    k: int
    recall: float
    p50: float
    p95: float


def queries_of(opened: Opened) -> tuple[Float32s, Float32s] | None:
    """Queries by both models: the forecast's, or else items of the sample; None without either.

    Returns:
        (Q, d1) by the old model and (Q, d2) by the new one.

    Raises:
        InputError: the folder is not as expected.
    """
    migration = opened.migration
    folder = migration.home / PAIRS
    if migration.forecast is not None:
        folder = migration.beside(migration.forecast)
    if not folder.is_dir():
        return None
    known = vectors.read(folder)
    if known.queries_old is not None and known.queries_new is not None:
        return known.queries_old, known.queries_new
    rows = known.sample[:_QUERIES]
    return np.asarray(known.old[rows], np.float32), np.asarray(known.new[:_QUERIES], np.float32)


def probe(router: Router, queries: tuple[Float32s, Float32s], k: int = 10) -> Probe:
    """Search for some queries, by indexes and exactly.

    Args:
        router: of the migration.
        queries: (Q, d1) by the old model and (Q, d2) by the new one; the first 50 are asked.
        k: results that are compared.

    Raises:
        InputError: the database does not answer.
    """
    asked = [Vectors(old, new) for old, new in zip(*queries, strict=True)][:_QUERIES]
    seconds, shares = [], []
    for query in asked:
        start = time.perf_counter()
        found = router.search(query, k)
        seconds.append(time.perf_counter() - start)
        exact = {result.id for result in router.search(query, k, exact=True)}
        if exact:
            shares.append(len(exact & {result.id for result in found}) / len(exact))
    p50, p95 = np.percentile(seconds, [50, 95])
    return Probe(len(asked), k, float(np.mean(shares or [1.0])), float(p50), float(p95))
