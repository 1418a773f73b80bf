"""A random order for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from backfill import validate
from backfill.orders.registry import ORDERS, OrderInputs, Permutation

if TYPE_CHECKING:
    from backfill.params.rows.orders import Random


def shuffled(count: int, seed: int) -> Permutation:
    """Draw a uniformly random order of `count` items.

    Raises:
        InputError: the count or the seed is no such integer.
    """
    validate.count("count", count)
    validate.seed("seed", seed)
    return np.random.default_rng(seed).permutation(count)


@ORDERS.register("random")
def _random(row: Random, inputs: OrderInputs, seeds: Sequence[int]) -> list[Permutation]:
    count = inputs.count()
    return [shuffled(count, seed) for seed in seeds]
