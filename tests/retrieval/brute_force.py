"""Backfill curves the plain way: one stable sort of the whole gallery per query and checkpoint."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backfill.retrieval import Relevance

Floats = NDArray[np.floating[Any]]
Pair = tuple[Floats, Floats]


def unit(rows: Floats) -> NDArray[np.float64]:
    rows = rows.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def dots(query: NDArray[np.float64], gallery: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each dot product on its own, so that equal rows give equal results."""
    return np.array([np.sum(row * query) for row in gallery])


def ranking(
    before: Pair, after: Pair, order: NDArray[np.int64], backfilled: int, query: int
) -> NDArray[np.int64]:
    """Gallery indices from the nearest to the farthest."""
    similarity = dots(unit(before[0])[query], unit(before[1]))
    moved = order[:backfilled]
    similarity[moved] = dots(unit(after[0])[query], unit(after[1]))[moved]
    return np.argsort(-similarity, kind="stable")


def average_precision(ranked: NDArray[np.int64], positives: set[int], ignored: set[int]) -> float:
    seen, rank, total = 0, 0, 0.0
    for item in ranked.tolist():
        if item in ignored:
            continue
        rank += 1
        if item in positives:
            seen += 1
            total += seen / rank
    return total / seen if seen else float("nan")


def hit(ranked: NDArray[np.int64], positives: set[int], ignored: set[int], k: int) -> bool:
    left = [item for item in ranked.tolist() if item not in ignored]
    return bool(positives & set(left[:k]))


def curve(
    before: Pair,
    after: Pair,
    order: NDArray[np.int64],
    relevance: Relevance,
    fractions: NDArray[np.float64],
    top_k: Sequence[int],
) -> tuple[NDArray[np.float64], dict[int, NDArray[np.bool_]]]:
    """Average precision (Q, T) and hits k -> (Q, T)."""
    shape = len(before[0]), len(fractions)
    precision = np.empty(shape)
    hits = {k: np.zeros(shape, bool) for k in top_k}
    for q in range(shape[0]):
        positives = set(relevance.positives(q).tolist())
        ignored = set(relevance.ignored(q).tolist())
        for t, fraction in enumerate(fractions):
            ranked = ranking(before, after, order, round(float(fraction) * len(order)), q)
            precision[q, t] = average_precision(ranked, positives, ignored)
            for k in top_k:
                hits[k][q, t] = hit(ranked, positives, ignored, k)
    return precision, hits
