"""What is known of the new space: the cosines of queries and the items that are embedded anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backfill.arrays import Bools, Float32s, Float64s, Int64s

_QUARTILES = 1.349  # apart, in standard deviations of a normal distribution
_CAP = 4.0  # of these above the median, from which on a cosine counts no more


class Moments:
    """Mean and standard deviation of each query's cosines to a random sample of the gallery.

    Cosines far above the others count as if they were not so far: else both would depend on whether
    the few nearest items happen to be in the sample.
    """

    def __init__(self, cosines: Float32s) -> None:
        low, middle, high = np.percentile(cosines, [25, 50, 75], axis=-1)[..., None]
        most = middle + _CAP * (high - low) / _QUARTILES
        capped = np.minimum(cosines, most)
        self.mean: Float64s = capped.mean(axis=-1, dtype=np.float64)[..., None]
        spread = capped.std(axis=-1, dtype=np.float64)[..., None]
        self.spread: Float64s = np.maximum(spread, np.finfo(np.float32).tiny)

    def standard(self, cosines: Float32s) -> Float32s:
        """How many standard deviations above the mean each cosine is."""
        return np.asarray((cosines - self.mean) / self.spread, np.float32)

    def cosines(self, standard: Float32s) -> Float32s:
        """The cosines of standard scores."""
        return np.asarray(standard * self.spread + self.mean, np.float32)


@dataclass(frozen=True, eq=False)
class Known:
    """The items of the gallery whose new vectors are there.

    Attributes:
        rows: (n,) gallery rows, ascending.
        random: (n,) whether an item was drawn at random; others were asked for.
        scores: (C, Q, n) cosines by each channel, of maps that were fitted without the item.
        new: (Q, n) cosines in the new space.
    """

    rows: Int64s
    random: Bools
    scores: Float32s
    new: Float32s

    def at(self, items: Int64s) -> tuple[Bools, Int64s]:
        """Which of some gallery rows are known, and their positions in `rows`."""
        position = np.minimum(np.searchsorted(self.rows, items), len(self.rows) - 1)
        return self.rows[position] == items, position

    def new_of(self, items: Int64s) -> Float32s:
        """(Q, M) cosines in the new space of each query's items; NaN where they are unknown."""
        found, position = self.at(items)
        return np.where(found, np.take_along_axis(self.new, position, axis=1), np.nan)
