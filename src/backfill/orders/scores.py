"""Orders that sort the gallery by one score per item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backfill import validate
from backfill.arrays import Array, Floats, at_seed
from backfill.errors import InputError
from backfill.orders.registry import ORDERS, OrderInputs, Permutation
from backfill.registry import Registry

Score = Callable[[Any, OrderInputs], Floats]
SCORES: Registry[Score] = Registry("backfill.orders")


def by_score(scores: Array) -> Permutation:
    """Sort items by falling score; equal scores by row.

    Args:
        scores: (N,) finite numbers, such as the uncertainty of each item's old embedding. RACT
            (Zhang et al., ICLR 2022, eq. 9-11) backfills the most uncertain items first.

    Raises:
        InputError: `scores` is not one-dimensional, or a score is not finite.
    """
    scores = validate.reals("scores", scores)
    if scores.ndim != 1:
        raise InputError(f"scores: expected one per item, (N,), got shape {scores.shape}")
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise InputError(f"scores: expected finite numbers, got {scores[row]} in row {row}")
    return np.argsort(-scores, kind="stable")


def scored(kind: str) -> Callable[[Score], Score]:
    """Return a decorator that registers a score, and the order by it, as `kind`.

    The score maps a row and its inputs to (S, N) numbers: one set per seed, or one set for all.
    """

    def add(score: Score) -> Score:
        def order(row: Any, inputs: OrderInputs, seeds: Sequence[int]) -> list[Permutation]:
            made = [by_score(scores) for scores in score(row, inputs)]
            return [at_seed(made, position) for position in range(len(seeds))]

        SCORES.register(kind)(score)
        ORDERS.register(kind)(order)
        return score

    return add
