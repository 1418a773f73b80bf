"""Differences between two methods over the same queries, with paired bootstrap intervals."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from backfill.arrays import Bools, Float64s, Int64s
from backfill.reporting.measures import MAP, Measure, areas_by_query, cmc, nfr, per_seed
from backfill.reporting.sampling import Sampling
from backfill.results import MethodResult

COMPARED = (MAP, cmc(1), nfr(1))
_BATCH_VALUES = 2**23  # values held by one batch of resamples: 64 MiB as float64


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
    """Difference of a measure's mean over the backfill, and its interval over the queries.

    Args:
        result: the method.
        baseline: what it is compared with, on the same queries.
        measure: what is compared.
        old: the reference of negative flips.
        sampling: a resample draws the same queries for both methods. A query's number is its mean
            over the seeds, so the interval does not cover the spread between them.

    Returns:
        The difference; all of it NaN for negative flips if `old` has no query right.
    """
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
    k = measure.k
    value, base = (float(per_seed(r, measure, old).mean()) for r in (result, baseline))
    if np.isnan([value, base]).any():
        return Difference(value, base, np.nan, np.nan)
    # Seeds of old that have the same queries right share a denominator: mostly there is but one.
    right, which = np.unique([c.hits[k][:, 0] for c in old.curves], axis=0, return_inverse=True)
    lost = [_lost(r, k, right, which.ravel()) for r in (result, baseline)]
    judged = np.flatnonzero(old.curves[0].has_positives)

    def difference(queries: Int64s, axis: int) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return sum(
                (ours[queries] - theirs[queries]).sum(axis=axis) / of[queries].sum(axis=axis)
                for ours, theirs, of in zip(*lost, right.astype(np.float64), strict=True)
            )

    from scipy.stats import DegenerateDataWarning, bootstrap  # half a second to import

    with warnings.catch_warnings():
        # About scipy's own interval, which a single NaN spoils.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        drawn = bootstrap(
            (judged,),
            difference,
            n_resamples=sampling.resamples,
            batch=max(1, _BATCH_VALUES // len(judged)),
            vectorized=True,
            confidence_level=sampling.level,
            method="percentile",
            rng=np.random.default_rng(sampling.seed),
        ).bootstrap_distribution
    # A resample without a query that old has right says nothing about flips.
    ends = (1 - sampling.level) / 2, (1 + sampling.level) / 2
    low, high = np.nanquantile(drawn, ends)
    return Difference(value, base, float(low), float(high))


def _lost(result: MethodResult, k: int, right: Bools, which: Int64s) -> Float64s:
    """How much of the backfill each query is wrong that the old system had right.

    Args:
        result: the method, with S seeds.
        k: of the top k.
        right: (D, Q), the D different sets of queries that a seed of old has right.
        which: the set of each seed of old.

    Returns:
        (D, Q) sums over the seeds that are paired with a set, divided by S.
    """
    lost = np.zeros(right.shape)
    for seed, curve in enumerate(result.curves):
        of = which[seed % len(which)]
        lost[of] += right[of] * (1.0 - curve.hits[k].mean(axis=1)) / len(result.curves)
    return lost
