"""Backfill curves the plain way: at each checkpoint, one list per system, and one sort of both."""

from collections.abc import Sequence

import numpy as np

from backfill.arrays import Array, Bools, Float64s, Floats, Int64s
from backfill.retrieval import Relevance


def unit(rows: Floats) -> Float64s:
    rows = rows.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def dots(query: Float64s, gallery: Float64s) -> Float64s:
    """Each dot product on its own, so that equal rows give equal results."""
    return np.array([np.sum(row * query) for row in gallery])


def lists_at(order: Int64s, fraction: float, arriving: Bools) -> tuple[list[int], list[int]]:
    """The gallery indices of waiting items, and of those that the new system ranks."""
    old = [item for item in order.tolist() if not arriving[item]]
    new = [item for item in order.tolist() if arriving[item]]
    moved, come = round(fraction * len(old)), round(fraction * len(new))
    return sorted(old[moved:]), sorted(old[:moved] + new[:come])


def scores(merge: str, similarity: dict[int, float]) -> dict[int, float]:
    """Score each item of one list, from its similarities by item."""
    items, values = list(similarity), list(similarity.values())
    if merge == "distance" or not items:
        return similarity
    if merge == "reciprocal_rank":
        ranked = sorted(items, key=lambda item: (-similarity[item], item))
        return {item: 1 / (60 + rank) for rank, item in enumerate(ranked, start=1)}
    flat = min(values) == max(values)
    if merge == "min_max":
        low, spread = min(values), max(values) - min(values)
        return {i: 1.0 if flat else (s - low) / spread for i, s in similarity.items()}
    assert merge == "z_score"
    mean = sum(values) / len(values)
    deviation = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
    return {i: 0.0 if flat else (s - mean) / deviation for i, s in similarity.items()}


def average_precision(ranked: list[int], positives: set[int], depth: int | None = None) -> float:
    seen, total = 0, 0.0
    for rank, item in enumerate(ranked, start=1):
        if item in positives:
            seen += 1
            total += seen / rank if depth is None or rank <= depth else 0.0
    return total / min(seen, depth or seen) if seen else float("nan")


def curve(
    before: tuple[Array, Array],
    after: tuple[Array, Array],
    order: Int64s,
    relevance: Relevance,
    fractions: Float64s,
    top_k: Sequence[int],
    merge: str = "distance",
    arriving: Bools | None = None,
    map_at: int | None = None,
) -> tuple[Float64s, dict[int, Bools]]:
    """Average precision (Q, T) and hits k -> (Q, T)."""
    shape = len(before[0]), len(fractions)
    precision = np.empty(shape)
    hits = {k: np.zeros(shape, bool) for k in top_k}
    new = np.zeros(len(order), bool) if arriving is None else arriving
    units = [(unit(query), unit(gallery)) for query, gallery in (before, after)]
    for q in range(shape[0]):
        similarity = [dots(query[q], gallery).tolist() for query, gallery in units]
        ignored = set(relevance.ignored(q).tolist())
        for t, fraction in enumerate(fractions):
            score: dict[int, float] = {}
            for near, items in zip(similarity, lists_at(order, fraction, new), strict=True):
                own = {item: near[item] for item in items if item not in ignored}
                score |= scores(merge, own)
            ranked = sorted(score, key=lambda item: (-score[item], item))
            positives = set(relevance.positives(q).tolist()) & set(ranked)
            precision[q, t] = average_precision(ranked, positives, map_at)
            for k in top_k:
                hits[k][q, t] = bool(positives & set(ranked[:k]))
    return precision, hits
