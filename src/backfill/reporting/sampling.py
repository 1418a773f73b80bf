"""How the bootstrap intervals of a study are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from numpy.typing import ArrayLike

from backfill.arrays import Float64s
from backfill.retrieval import Interval, bootstrap_gain, bootstrap_mean, bootstrap_statistic


@dataclass(frozen=True)
class Sampling:
    """One setting for all intervals of a study, so that they resample the same.

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
        """Interval of the mean of `per_query`, (D, Q) for D draws of the encoders."""
        return bootstrap_mean(per_query, self.seed, self.resamples, self.level)

    def gain(self, per_query: ArrayLike, old: ArrayLike, new: ArrayLike) -> Interval:
        """Interval of the Gain of three systems, from their areas for each query, (D, Q) each."""
        return bootstrap_gain(per_query, old, new, self.seed, self.resamples, self.level)

    def statistic(
        self, samples: Mapping[str, ArrayLike], statistic: Callable[..., Float64s]
    ) -> Interval:
        """Interval of what is computed from means over queries; see `bootstrap_statistic`."""
        return bootstrap_statistic(samples, statistic, self.seed, self.resamples, self.level)
