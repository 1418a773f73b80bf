"""Differences between two methods over the same queries, with paired bootstrap intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill.arrays import Float64s
from backfill.reporting.measures import (
    MAP,
    Measure,
    areas_by_query,
    by_draw,
    cmc,
    nfr,
    on_common_draws,
    per_run,
)
from backfill.reporting.sampling import Sampling
from backfill.results import MethodResult

COMPARED = (MAP, cmc(1), nfr(1))


class Difference(NamedTuple):
    """How much a method's mean over the backfill lies above that of a baseline.

    Attributes:
        value: the method's mean.
        baseline: the baseline's mean.
        low: lower end of the interval of the difference.
        high: upper end of the interval of the difference.
    """

    value: float
    baseline: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """The value less the baseline."""
        return self.value - self.baseline

    def verdict(self, measure: Measure) -> str:
        """`better` or `worse` than the baseline if the interval excludes 0, else `undecided`."""
        low, high = (self.low, self.high) if measure.higher_is_better else (-self.high, -self.low)
        return "better" if low > 0 else "worse" if high < 0 else "undecided"


def paired_difference(
    result: MethodResult,
    baseline: MethodResult,
    measure: Measure,
    old: MethodResult,
    sampling: Sampling,
) -> Difference:
    """Difference of a measure's mean over the backfill, with its interval.

    Args:
        result: the method.
        baseline: what it is compared with, on the same queries.
        measure: what is compared.
        old: the reference of negative flips.
        sampling: a resample draws the same queries, and the same draws of the encoders, for both
            methods. A query's number is its mean over the runs of a draw.

    Returns:
        The difference on the draws that all three have; all of it NaN for negative flips if `old`
        has no query right.
    """
    result, baseline, old = on_common_draws(result, baseline, old)
    if measure.kind == "nfr":
        return _of_flips(result, baseline, measure, old, sampling)
    ours, theirs = (areas_by_query(r, measure.k) for r in (result, baseline))
    interval = sampling.mean(ours - theirs)
    return Difference(float(np.nanmean(ours)), float(np.nanmean(theirs)), *interval)


def _of_flips(
    result: MethodResult,
    baseline: MethodResult,
    measure: Measure,
    old: MethodResult,
    sampling: Sampling,
) -> Difference:
    """NFR is a share of the queries that old has right; a resample draws these as well.

    The interval is over the resamples that draw at least one of them.
    """
    assert measure.k is not None
    value, base = (float(per_run(r, measure, old).mean()) for r in (result, baseline))
    if np.isnan([value, base]).any():
        return Difference(value, base, np.nan, np.nan)
    ours, theirs = (_lost(r, measure.k, old) for r in (result, baseline))
    right = by_draw(old, np.stack([curve.hits[measure.k][:, 0] for curve in old.curves]))
    unjudged = ~old.curves[0].has_positives
    for of in (ours, theirs, right):
        of[:, unjudged] = np.nan

    def difference(ours: Float64s, theirs: Float64s, right: Float64s) -> Float64s:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(((ours - theirs) / right).mean(axis=-1))

    samples = {"ours": ours, "theirs": theirs, "right": right}
    return Difference(value, base, *sampling.statistic(samples, difference))


def _lost(result: MethodResult, k: int, old: MethodResult) -> Float64s:
    """How much of the backfill each query is wrong that the old system had right, (D, Q)."""
    lost = [was.hits[k][:, 0] * (1.0 - c.hits[k].mean(axis=1)) for was, c in old.beside(result)]
    return by_draw(result, np.stack(lost))
