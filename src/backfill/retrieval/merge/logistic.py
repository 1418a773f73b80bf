"""Rank by the log-odds of a match, by logistic regression on the similarity."""

from __future__ import annotations

from functools import partial

import numpy as np

from backfill.arrays import Int64s
from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.base import Backfill, Scorer
from backfill.retrieval.merge.cross_fitting import BINS, LEAST_SLOPE, Lines, centres, cross_fitted
from backfill.retrieval.merge.maps import MapScorer


@MERGES.register("logistic")
def logistic(backfill: Backfill) -> Scorer:
    """Map similarities by one straight line, fitted by logistic regression.

    Raises:
        InputError: a half of the queries has no positive pair, or no negative one.

    Source:
        Platt, Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized
        Likelihood Methods, 1999.
    """
    return MapScorer.fitted(partial(cross_fitted, "logistic", _fit), backfill)


def _fit(positives: Int64s, negatives: Int64s) -> Lines:
    """Linear log-odds from numbers of pairs per bin of similarity, (BINS,) each."""
    from sklearn.linear_model import LogisticRegression  # takes a second, and few runs need it

    pairs = np.concatenate([positives, negatives])
    matches = np.repeat([1, 0], BINS)
    similarity = np.tile(centres(), 2)[:, None]
    # The default penalty weighs as much as a single pair: it matters only if a line separates all
    # positive pairs from all negative ones.
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000)
    model.fit(similarity[pairs > 0], matches[pairs > 0], sample_weight=pairs[pairs > 0])
    slope = max(float(model.coef_[0, 0]), LEAST_SLOPE)
    return Lines(np.zeros(1), model.intercept_.astype(np.float64), slope)
