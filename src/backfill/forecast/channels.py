"""Channels: the cosines by which waiting items can be ranked without their new vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from backfill.align import Map
from backfill.arrays import Array, Float32s, Int64s


class Channel(NamedTuple):
    """One way of comparing queries with the old vectors of items.

    Attributes:
        name: `old`, a map's name, or `back`.
        query: (Q, d) of unit length.
        carry: brings old vectors into the queries' space; None: they are there.
    """

    name: str
    query: Float32s
    carry: Map | None = None

    def scores(self, old: Array) -> Float32s:
        """Cosines of all queries and some items, (Q, n).

        Args:
            old: (n, d1) old vectors of unit length.
        """
        gallery = old if self.carry is None else self.carry.apply(old)
        cosines: Float32s = self.query @ np.asarray(gallery, np.float32).T
        return cosines


def cross_fitted(folds: Sequence[tuple[Int64s, Channel]], old: Array) -> Float32s:
    """Cosines of all queries and the items that a map was fitted on, as if it were not, (Q, n).

    A map brings the pairs that it was fitted on nearer to each other than any others. Each pair is
    therefore scored by a map that was fitted without it.

    Args:
        folds: positions of some of the items, and the channel that was fitted on all others.
        old: (n, d1) old vectors of unit length.
    """
    scores = np.empty((len(folds[0][1].query), len(old)), np.float32)
    for positions, channel in folds:
        scores[:, positions] = channel.scores(old[positions])
    return scores
