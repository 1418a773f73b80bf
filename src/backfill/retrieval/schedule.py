"""The state of every gallery item at every checkpoint of a backfill."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill import validate
from backfill.arrays import Bools, Float64s, Int64s


class Schedule(NamedTuple):
    """The states of N items at T checkpoints.

    An item that is in the gallery from the start waits until it is backfilled. An arrival is absent
    until it comes, embedded by the new system at once. Either switches at one checkpoint, or never.
    The items that switch at checkpoint t are wave t, which is contiguous in `order`. Wave T holds
    the items that never switch.

    Attributes:
        order: (N,) gallery indices, wave after wave; within a wave, arrivals come last.
        position: (N,) the inverse of `order`.
        edges: (T + 2,) wave t is order[edges[t] : edges[t + 1]].
        arrivals: (T + 1,) number of arrivals in each wave.
        arriving: (N,) whether an item is an arrival, by gallery index.
        switches_at: (N,) the wave of each item, by gallery index.
    """

    order: Int64s
    position: Int64s
    edges: Int64s
    arrivals: Int64s
    arriving: Bools
    switches_at: Int64s

    @classmethod
    def of(cls, order: Int64s, fraction: Float64s, arriving: Bools) -> Schedule:
        """Find when each item switches.

        At fraction f, the first round(f n) of the n arrivals in `order` are there, and the first
        round(f m) of the m other items are backfilled.

        Args:
            order: (N,) the gallery indices in the order in which they are backfilled or come.
            fraction: (T,) increasing fractions.
            arriving: (N,) whether an item is an arrival, by gallery index.

        Returns:
            The schedule of T checkpoints, one per fraction.
        """
        switches_at = np.empty(len(order), np.int64)
        for items in (order[~arriving[order]], order[arriving[order]]):
            done = np.rint(fraction * len(items)).astype(np.int64)
            switches_at[items] = np.searchsorted(done, np.arange(len(items)), side="right")
        # The sort is stable: without arrivals, the order stays as it is.
        in_waves = order[np.lexsort((arriving[order], switches_at[order]))]
        position = np.empty_like(order)
        position[in_waves] = np.arange(len(order))
        waves = len(fraction) + 1
        return cls(
            order=in_waves,
            position=position,
            edges=np.cumsum(np.r_[0, np.bincount(switches_at, minlength=waves)]),
            arrivals=np.bincount(switches_at[arriving], minlength=waves),
            arriving=arriving,
            switches_at=switches_at,
        )


def draw_arrivals(count: int, share: float, seed: int) -> Bools:
    """Draw the items that come during the backfill, independently of any backfill order.

    Args:
        count: number of gallery items, N.
        share: the share of them that comes during the backfill.
        seed: of the draw. The orders that the same seed draws come from another stream of numbers;
            otherwise the arrivals would be the items that come first in them.

    Returns:
        (N,) true for a random round(share N) of the items.

    Raises:
        InputError: the count or the seed is no integer, or the share is none from 0 to 1.
    """
    validate.count("count", count)
    validate.share("share", share)
    validate.seed("seed", seed)
    chosen = np.zeros(count, bool)
    stream = np.random.default_rng([seed, 1])
    chosen[stream.permutation(count)[: round(share * count)]] = True
    return chosen
