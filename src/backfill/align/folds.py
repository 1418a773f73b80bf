"""Which pairs judge a fit that did not see them."""

from __future__ import annotations

from math import ceil

import numpy as np

from backfill.arrays import Int64s

JUDGED = 300  # pairs that judge are at least so many, if there are


def folds(count: int, share: float, seed: int, judged: int = 1) -> list[tuple[Int64s, Int64s]]:
    """Split items, once or several times, into those that judge and those that are fitted on.

    With few items, one held-out share of them says little: then one share after the other is held
    out, until enough items have judged, or all.

    Args:
        count: of the items, at least 2.
        share: of them that judge at a time; at least one item, and never all.
        seed: of the choice.
        judged: how many are to judge.

    Returns:
        (judges, others) of each fold, rows in ascending order. No item judges twice.
    """
    items = np.random.default_rng(seed).permutation(count)
    size = min(max(1, round(share * count)), count - 1)
    times = min(ceil(judged / size), count // size)
    shares = [items[k * size : (k + 1) * size] for k in range(times)]
    return [(np.sort(share), np.setdiff1d(items, share)) for share in shares]
