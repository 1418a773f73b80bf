"""How the bootstrap intervals of a study are drawn."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from backfill.retrieval import Interval, bootstrap_gain, bootstrap_mean


@dataclass(frozen=True)
class Sampling:
    """One setting for all intervals of a study, so that they resample the same queries.

    Attributes:
        seed: of the resampling.
        resamples: how many are drawn.
        level: the share of resamples that an interval holds, such as 0.95.
    """

    seed: int
    resamples: int
    level: float

    @property
    def percent(self) -> str:
        """The level for readers, such as 95%."""
        return f"{100 * self.level:.4g}%"

    def mean(self, per_query: ArrayLike) -> Interval:
        """Interval of the mean of `per_query`, (Q,)."""
        return bootstrap_mean(per_query, self.seed, self.resamples, self.level)

    def gain(self, per_query: ArrayLike, old: ArrayLike, new: ArrayLike) -> Interval:
        """Interval of the Gain of three systems, from their areas for each query, (Q,) each."""
        return bootstrap_gain(per_query, old, new, self.seed, self.resamples, self.level)
