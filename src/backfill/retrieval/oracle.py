"""What backfilling one item would do to average precision: an order that knows the answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backfill.relevance import Relevance
from backfill.retrieval.kernel import compiled
from backfill.retrieval.similarity import query_blocks, unit_pairs

Floats = NDArray[np.floating[Any]]
Float64s = NDArray[np.float64]
Pair = tuple[Floats, Floats]


def marginal_gains(
    before: Pair,
    after: Pair,
    backfilled: NDArray[np.bool_],
    relevance: Relevance,
    queries: NDArray[np.int64] | None = None,
) -> Float64s:
    """How much mAP changes if the state of one item changes, to how it would be backfilled.

    Each item's gain is mAP with it backfilled less mAP with it waiting, all others being in the
    state that `backfilled` says. Ties between similarities count as losses to the positive.

    Args:
        before: (query (Q, d1), gallery (N, d1)) of the system that ranks waiting items.
        after: (query (Q, d2), gallery (N, d2)) of the one that ranks backfilled items.
        backfilled: (N,) the state of the gallery.
        relevance: of its items.
        queries: rows of the queries to average over; all by default.

    Returns:
        (N,) gains, the mean over the queries that have a positive.
    """
    chosen = np.arange(relevance.num_queries) if queries is None else np.asarray(queries)
    return _of_unit_rows(*unit_pairs(before, after), backfilled, relevance, chosen)


def _of_unit_rows(
    before: Pair,
    after: Pair,
    backfilled: NDArray[np.bool_],
    relevance: Relevance,
    chosen: NDArray[np.int64],
) -> Float64s:
    """:func:`marginal_gains` over the queries `chosen`."""
    (query_0, gallery_0), (query_1, gallery_1) = before, after
    total, counted = np.zeros(len(gallery_0)), 0
    for block in query_blocks(len(chosen), len(gallery_0) * gallery_0.itemsize * 4):
        waiting = query_0[chosen[block]] @ gallery_0.T
        moved = query_1[chosen[block]] @ gallery_1.T
        for row, query in enumerate(chosen[block].tolist()):
            is_positive, ignored = np.zeros((2, len(gallery_0)), bool)
            is_positive[relevance.positives(query)] = True
            ignored[relevance.ignored(query)] = True
            if is_positive.any():
                total += _of_query(waiting[row], moved[row], backfilled, is_positive, ignored)
                counted += 1
    return total / max(counted, 1)


def mean_gains(
    before: Pair, after: Pair, relevance: Relevance, seed: int, *, states: int, queries: int
) -> Float64s:
    """Each item's gain in mAP, the mean over random states of the gallery.

    An estimate of its Shapley value: what backfilling it adds to whatever else may be backfilled.
    It looks at labels and at new embeddings, and so shows what an order can win, not what a user
    can have.

    Args:
        before: (query, gallery) of the system that ranks waiting items.
        after: of the one that ranks backfilled items.
        relevance: of the gallery's items.
        seed: draws the states, and which queries see each.
        states: how many; a share of the gallery, uniform in (0, 1), is backfilled in each.
        queries: how many see each state, at most all.

    Returns:
        (N,) gains.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(len(before[1]))
    systems = unit_pairs(before, after)
    for _ in range(states):
        backfilled = rng.random(len(total)) < rng.random()
        seen = np.sort(rng.permutation(relevance.num_queries)[:queries])
        total += _of_unit_rows(*systems, backfilled, relevance, seen)
    return total / states


@compiled()
def _of_query(
    waiting: Floats,
    moved: Floats,
    backfilled: NDArray[np.bool_],
    is_positive: NDArray[np.bool_],
    ignored: NDArray[np.bool_],
) -> Float64s:
    """(N,) change of one query's average precision for each item.

    With the positives by falling similarity and `above[j]` negatives at or above the j-th, its
    precision is j / (j + above[j]). A negative that rises past positives adds one to their
    `above`; sums of these changes from j on turn each negative into two look-ups.
    """
    now = np.where(backfilled, moved, waiting)
    heights = -np.sort(-now[is_positive])
    negatives = np.sort(now[~is_positive & ~ignored])
    count = len(heights)
    above = np.empty(count, np.int64)
    more, fewer = np.zeros(count + 1), np.zeros(count + 1)
    total = 0.0
    for j in range(count - 1, -1, -1):
        above[j] = len(negatives) - np.searchsorted(negatives, heights[j])
        precision = (j + 1) / (j + 1 + above[j])
        total += precision
        more[j] = more[j + 1] + (j + 1) / (j + 2 + above[j]) - precision
        fewer[j] = fewer[j + 1] + (j + 1) / (j + 1 + max(above[j] - 1, 0)) - precision

    gains = np.zeros(len(now))
    rising = heights[::-1].copy()
    for item in range(len(now)):
        if ignored[item]:
            continue
        other = waiting[item] if backfilled[item] else moved[item]
        # How many positives are ahead of the item here, and would be there.
        here = count - np.searchsorted(rising, now[item], side="right")
        there = count - np.searchsorted(rising, other, side="right")
        if is_positive[item]:
            change = _moved_positive(heights, above, negatives, now[item], other) - total
        elif there <= here:
            change = more[there] - more[here]
        else:
            change = fewer[here] - fewer[there]
        gains[item] = -change / count if backfilled[item] else change / count
    return gains


@compiled()
def _moved_positive(
    heights: Floats, above: NDArray[np.int64], negatives: Floats, here: float, there: float
) -> float:
    """Sum of the precisions if the positive at similarity `here` stood at `there`."""
    total, place, left_out, entered = 0.0, 0, False, False
    own_above = len(negatives) - np.searchsorted(negatives, there)
    for j in range(len(heights)):
        if not entered and there >= heights[j]:
            place += 1
            total += place / (place + own_above)
            entered = True
        if not left_out and heights[j] == here:
            left_out = True
            continue
        place += 1
        total += place / (place + above[j])
    if not entered:
        place += 1
        total += place / (place + own_above)
    return total
