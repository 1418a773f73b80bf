"""Estimates with intervals, from several completions of the measures of some queries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from backfill.arrays import Bools, Float64s

CONFIDENCE = 0.9


class Estimate(NamedTuple):
    """A mean over the traffic that the queries are a sample of.

    Attributes:
        value: the estimate.
        low: lower end of its interval.
        high: upper end.
    """

    value: float
    low: float
    high: float


class Moment(NamedTuple):
    """An estimate with its variance.

    Attributes:
        value: the estimate.
        variance: of it.
        freedom: degrees of freedom of the variance.
    """

    value: float
    variance: float
    freedom: float = np.inf

    def interval(self, confidence: float = CONFIDENCE) -> Estimate:
        """The interval by Student's distribution."""
        half = float(stats.t.ppf((1 + confidence) / 2, self.freedom)) * self.variance**0.5
        return Estimate(self.value, self.value - half, self.value + half)


def moment(values: Float64s, weights: Float64s | None = None) -> Moment:
    """Average over queries and completions.

    The variance is that of the mean over queries, plus (1 + 1 / I) times that between I completions
    (Rubin, Multiple Imputation for Nonresponse in Surveys, 1987, eq. 3.1.5).

    Args:
        values: (I, Q); queries with NaN do not count.
        weights: (Q,) how often each query is asked; None: equally often.
    """
    counts = ~np.isnan(values).any(axis=0)
    of = values[:, counts]
    share = np.ones(of.shape[1]) if weights is None else weights[counts].astype(np.float64)
    share = share / share.sum()
    each = of @ share
    mean = float(each.mean())
    by_query = of.mean(axis=0)
    queries = len(share)
    between_queries = (
        float((share**2 * (by_query - mean) ** 2).sum()) * queries / max(queries - 1, 1)
    )
    between = float(each.var(ddof=1)) if len(of) > 1 else 0.0
    return Moment(mean, between_queries + (1 + 1 / len(of)) * between)


def corrected(
    plain: Float64s, better: Float64s, asked: Bools, weights: Float64s | None = None
) -> Moment:
    """Correct an estimate from all queries by those whose nearest items are known.

    The mean of what is completed from random items alone, plus how much more is found, on average,
    where the nearest items were embedded too. The second part takes out what completing gets wrong.

    Args:
        plain: (I, Q) completed from random items.
        better: (I, Q) completed from all known items.
        asked: (Q,) queries whose nearest items were asked for, a random part of all queries.
        weights: (Q,) how often each query is asked.

    Source:
        The difference estimator of survey sampling; Sarndal, Swensson & Wretman, Model Assisted
        Survey Sampling, 1992, section 6.3.
    """
    base = moment(plain, weights)
    of_asked = None if weights is None else weights[asked]
    shift = moment((better - plain)[:, asked], of_asked)
    within = moment(better[:, asked], of_asked)
    freedom = max(1, int(asked.sum()) - 1)
    together = Moment(base.value + shift.value, base.variance + shift.variance, freedom)
    # With most of the queries asked, their own mean is the better estimate.
    return together if together.variance < within.variance else within._replace(freedom=freedom)
