"""Which item of the gallery is in which state at every checkpoint of a backfill."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]


class Schedule(NamedTuple):
    """The states of N items at T checkpoints.

    An item of the gallery waits, then is backfilled; a newcomer is absent, then is there, embedded
    by the new system at once. Both changes happen at a checkpoint, or never. Group t of the items,
    those that change at checkpoint t, is contiguous in `order`; group T is of those that never do.
    """

    order: Int64s  # (N,), gallery indices; within a group, newcomers come last
    position: Int64s  # (N,), the inverse of order
    edges: Int64s  # (T + 2,), group t is order[edges[t] : edges[t + 1]]
    newcomers: Int64s  # (T + 1,), how many of each group are newcomers
    newcomer: Bools  # (N,), by gallery index
    arrival: Int64s  # (N,), the group of each item, by gallery index

    @classmethod
    def of(cls, order: Int64s, fraction: Float64s, newcomer: Bools) -> "Schedule":
        """At fraction f, the first round(f n) of the n newcomers of `order` are there, and the
        first round(f m) of the m other items are backfilled.

        order: (N,), a permutation. fraction: (T,), increasing. newcomer: (N,), by gallery index.
        """
        arrival = np.empty(len(order), np.int64)
        for items in (order[~newcomer[order]], order[newcomer[order]]):
            done = np.rint(fraction * len(items)).astype(np.int64)
            arrival[items] = np.searchsorted(done, np.arange(len(items)), side="right")
        # Stable, so that without newcomers the order remains what it is.
        grouped = order[np.lexsort((newcomer[order], arrival[order]))]
        position = np.empty_like(order)
        position[grouped] = np.arange(len(order))
        groups = len(fraction) + 1
        return cls(
            order=grouped,
            position=position,
            edges=np.cumsum(np.r_[0, np.bincount(arrival, minlength=groups)]),
            newcomers=np.bincount(arrival[newcomer], minlength=groups),
            newcomer=newcomer,
            arrival=arrival,
        )


def draw_newcomers(count: int, share: float, seed: int) -> Bools:
    """(N,), a random round(share N) of `count` items; independent of any backfill order.

    A stream of its own: the order of the same seed would otherwise be drawn from the same numbers,
    and the newcomers would be the items that come first in it.
    """
    chosen = np.zeros(count, bool)
    stream = np.random.default_rng([seed, 1])
    chosen[stream.permutation(count)[: round(share * count)]] = True
    return chosen
