"""Known pairs of a query and an item, from which unknown new cosines are completed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill.arrays import Float32s, Int64s

# All pairs that lie above so many standard deviations by a channel are donors, and so many others.
_NEAR, _OTHERS = 1.5, 50_000


class Donors(NamedTuple):
    """P known pairs, in standard scores.

    Attributes:
        channels: (C, P) by each channel.
        new: (P,) in the new space.
        query: (P,) of the pair.
        item: (P,) its position among the known items.
    """

    channels: Float32s
    new: Float32s
    query: Int64s
    item: Int64s

    def redrawn(self, rng: np.random.Generator) -> Donors:
        """The pairs of as many items, drawn with replacement: a bootstrap of items."""
        count = int(self.item.max()) + 1
        times = np.bincount(rng.integers(count, size=count), minlength=count)[self.item]
        chosen = np.repeat(np.arange(len(self.new)), times)
        return Donors(
            self.channels[:, chosen], self.new[chosen], self.query[chosen], self.item[chosen]
        )


def donors(channels: Float32s, new: Float32s, seed: int) -> Donors:
    """Choose donors among all known pairs: those that are near, and some of the rest.

    Args:
        channels: (C, Q, n) standard scores by each channel.
        new: (Q, n) standard scores in the new space; NaN: not a donor.
        seed: of the choice.
    """
    usable = ~np.isnan(new)
    near = usable & (channels > _NEAR).any(axis=0)
    others = np.flatnonzero(usable & ~near)
    if len(others) > _OTHERS:
        others = np.random.default_rng(seed).choice(others, _OTHERS, replace=False)
    chosen = np.sort(np.concatenate([np.flatnonzero(near), others]))
    query, item = np.divmod(chosen, new.shape[1])
    return Donors(channels[:, query, item], new[query, item], query, item)
