"""Rank by the log-odds of a match, by isotonic regression on the similarity."""

from __future__ import annotations

from functools import partial

import numpy as np

from backfill.arrays import Int64s
from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.base import Backfill, Scorer
from backfill.retrieval.merge.cross_fitting import LEAST_SLOPE, Lines, centres, cross_fitted
from backfill.retrieval.merge.maps import MapScorer


@MERGES.register("isotonic")
def isotonic(backfill: Backfill) -> Scorer:
    """Map similarities by isotonic regression, with straight lines between its steps.

    Raises:
        InputError: a half of the queries has no positive pair, or no negative one.

    Source:
        Zadrozny & Elkan, Transforming Classifier Scores into Accurate Multiclass Probability
        Estimates, KDD 2002.
    """
    return MapScorer.fitted(partial(cross_fitted, "isotonic", _fit), backfill)


def _fit(positives: Int64s, negatives: Int64s) -> Lines:
    """Rising log-odds from numbers of pairs per bin of similarity, (BINS,) each."""
    from sklearn.isotonic import IsotonicRegression  # takes a second, and few runs need it

    total = positives + negatives
    used = total > 0
    similarity, total, positives = centres()[used], total[used], positives[used]
    chance = IsotonicRegression().fit_transform(similarity, positives / total, sample_weight=total)
    step = np.concatenate([[0], np.cumsum(np.diff(chance) > 0)])
    pairs = np.bincount(step, weights=total)
    centre = np.bincount(step, weights=total * similarity) / pairs
    right = np.bincount(step, weights=positives)
    # The first step may have no positive and the last no negative. Half a pair keeps their odds
    # finite, and the bounds keep them below, or above, those of the next step.
    odds = np.maximum(right, 0.5) / np.maximum(pairs - right, 0.5)
    if len(odds) > 1:
        odds[0] = min(odds[0], odds[1] / 2)
        odds[-1] = max(odds[-1], odds[-2] * 2)
    score = np.log(odds) + LEAST_SLOPE * centre
    if len(odds) == 1:
        return Lines(centre, score, LEAST_SLOPE)
    return Lines(centre, score, float((score[-1] - score[0]) / (centre[-1] - centre[0])))
