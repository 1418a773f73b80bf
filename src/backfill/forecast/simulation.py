"""The first items of merged rankings, from cosines alone."""

from __future__ import annotations

import numpy as np
from numba import prange

from backfill.arrays import Float32s, Int32s
from backfill.retrieval.kernel import compiled


def merged(
    before: Float32s, after: Float32s, switches: Float32s, fraction: float, k: int
) -> Int32s:
    """Rank each query's candidates, the waiting by one score and the backfilled by another.

    Args:
        before: (Q, M) scores of waiting items; -inf: the item is not there.
        after: (Q, M) scores of backfilled items.
        switches: (Q, M) fraction of the gallery that is backfilled before the item is.
        fraction: of the gallery that is backfilled.
        k: length of the rankings.

    Returns:
        (Q, k) columns of candidates, ties by the lower one; -1 where there is none.
    """
    found = np.full((len(before), k), -1, np.int32)
    _merge(before, after, switches, fraction, found)
    return found


@compiled(parallel=True)
def _merge(
    before: Float32s, after: Float32s, switches: Float32s, fraction: float, found: Int32s
) -> None:
    queries, columns = before.shape
    k = found.shape[1]
    for query in prange(queries):
        best = np.full(k, -np.inf, np.float32)
        for column in range(columns):
            done = switches[query, column] < fraction
            score = after[query, column] if done else before[query, column]
            if score > best[k - 1]:
                at = k - 1
                while at > 0 and best[at - 1] < score:
                    best[at] = best[at - 1]
                    found[query, at] = found[query, at - 1]
                    at -= 1
                best[at] = score
                found[query, at] = column
