"""Differences between two methods over the same queries, with paired bootstrap intervals."""

import warnings
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, bootstrap

from backfill.reporting.measures import MAP, Measure, cmc, nfr, per_seed
from backfill.reporting.metrics import Sampling, areas_by_query
from backfill.results import MethodResult
from backfill.retrieval import bootstrap_mean

Float64s = NDArray[np.float64]

COMPARED = (MAP, cmc(1), nfr(1))
_BATCH_VALUES = 2**23  # values held by one batch of resamples: 64 MiB as float64


class Difference(NamedTuple):
    """`value` less `baseline`, means over the backfill, with the interval of the difference."""

    value: float
    baseline: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """How much the value lies above the baseline."""
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
    **sampling: Unpack[Sampling],
) -> Difference:
    """Difference of a measure's mean over the backfill, and its interval over the queries.

    A resample draws the same queries for both methods; each query's number is its mean over the
    seeds, so the interval does not cover the spread between them. `old` is the reference of
    negative flips. All is NaN where that has no query right.
    """
    if measure.kind == "nfr":
        return _of_flips(result, baseline, measure, old, sampling)
    ours, theirs = (areas_by_query(r, measure.k) for r in (result, baseline))
    interval = bootstrap_mean(ours - theirs, **sampling)
    return Difference(float(np.nanmean(ours)), float(np.nanmean(theirs)), *interval)


def _of_flips(
    result: MethodResult,
    baseline: MethodResult,
    measure: Measure,
    old: MethodResult,
    sampling: Sampling,
) -> Difference:
    """NFR is a ratio: of the queries that old has right, which a resample draws as well.

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

    def difference(queries: NDArray[np.int64], axis: int) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return sum(
                (ours[queries] - theirs[queries]).sum(axis=axis) / of[queries].sum(axis=axis)
                for ours, theirs, of in zip(*lost, right.astype(np.float64), strict=True)
            )

    with warnings.catch_warnings():
        # Of scipy's own interval, which a single NaN spoils.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        drawn = bootstrap(
            (judged,),
            difference,
            n_resamples=sampling["resamples"],
            batch=max(1, _BATCH_VALUES // len(judged)),
            vectorized=True,
            confidence_level=sampling["level"],
            method="percentile",
            rng=np.random.default_rng(sampling["seed"]),
        ).bootstrap_distribution
    # A resample without a query that old has right says nothing about flips.
    ends = (1 - sampling["level"]) / 2, (1 + sampling["level"]) / 2
    low, high = np.nanquantile(drawn, ends)
    return Difference(value, base, float(low), float(high))


def _lost(
    result: MethodResult, k: int, right: NDArray[np.bool_], which: NDArray[np.int64]
) -> Float64s:
    """(D, Q): for each of D sets of queries that old has right, how much of the backfill a query
    in it is wrong, summed over the seeds that are paired with this set, over the seeds' number.
    """
    lost = np.zeros(right.shape)
    for seed, curve in enumerate(result.curves):
        of = which[seed % len(which)]
        lost[of] += right[of] * (1.0 - curve.hits[k].mean(axis=1)) / len(result.curves)
    return lost
