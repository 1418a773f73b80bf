"""Maps from similarity to the log-odds that query and item match, fitted on labels.

The queries are cut into two random halves, and each half is scored by the map fitted on the other.
Pairs with an item that the scored half ignores (itself, if the queries are gallery items) are left
out. So no label of a scored query is used, even if the query is in the gallery.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backfill.arrays import Float64s, Floats, Int64s, System
from backfill.errors import InputError
from backfill.retrieval.distances import count_pairs
from backfill.retrieval.merge.base import Backfill
from backfill.retrieval.merge.maps import Map

# Squared distances from 0 to 4 in steps of a thousandth: finer than any effect on a fitted map.
BINS = 4000
# A score rises at least this much per unit of similarity. Two float32 similarities that differ then
# have float64 scores that differ, while no reader could tell such log-odds apart.
LEAST_SLOPE = 1e-6


@dataclass(frozen=True)
class Lines:
    """Straight lines through points (similarity, score), continued with one slope beyond them.

    Attributes:
        similarity: (K,) ascending.
        score: (K,) ascending.
        slope: below the first point and above the last.
    """

    similarity: Float64s
    score: Float64s
    slope: float

    def __call__(self, similarity: Floats) -> Float64s:
        """Scores of similarities of any shape, in that shape."""
        below = np.minimum(similarity - self.similarity[0], 0.0)
        above = np.maximum(similarity - self.similarity[-1], 0.0)
        inside = np.interp(similarity, self.similarity, self.score)
        return np.asarray(inside + self.slope * (below + above))


# From the numbers of positive and of negative pairs per bin of similarity, (BINS,) each, ascending.
FitLines = Callable[[Int64s, Int64s], Lines]


def cross_fitted(name: str, fit: FitLines, system: System, backfill: Backfill) -> Map:
    """Fit the map of one system, once on each half of the queries.

    Args:
        name: of the merge, for the message.
        fit: fits lines to numbers of pairs.
        system: whose similarities are mapped.
        backfill: to which it belongs.

    Returns:
        A map that scores each query by the lines of the other half.

    Raises:
        InputError: a half of the queries has no positive pair, or no negative one.
    """
    relevance, seed = backfill.relevance, backfill.calibration.seed
    half = halves(relevance.num_queries, seed)
    lines = []
    for scored in (0, 1):
        kept = ~backfill.arriving
        for query in np.flatnonzero(half == scored).tolist():
            kept[relevance.ignored(query)] = False
        fitted_on = np.flatnonzero(half != scored)
        positives, negatives = count_pairs(system, relevance, fitted_on, kept, BINS)
        if not positives.any() or not negatives.any():
            missing = "positive" if not positives.any() else "negative"
            raise InputError(
                f"merge: expected positive and negative pairs in both halves of the queries for "
                f"{name}, got no {missing} pair in half {1 - scored}; another calibration seed may "
                "help"
            )
        lines.append(fit(positives[::-1], negatives[::-1]))  # similarity rises as distance falls
    return _OtherHalf(half, (lines[0], lines[1]))


@dataclass(frozen=True)
class _OtherHalf:
    """A map with lines for each half of the queries."""

    half: Int64s  # (Q,)
    lines: tuple[Lines, Lines]

    def __call__(self, block: slice, similarity: Floats) -> Float64s:
        scores = np.empty(similarity.shape)
        for scored in (0, 1):
            rows = self.half[block] == scored
            scores[rows] = self.lines[scored](similarity[rows])
        return scores


def halves(queries: int, seed: int) -> Int64s:
    """Draw two halves of the queries, (Q,) 0 or 1; an odd query is in the first."""
    return np.random.default_rng([seed, 2]).permutation(queries) % 2


def centres() -> Float64s:
    """The similarity in the middle of each bin, (BINS,), ascending."""
    return np.asarray((np.arange(BINS) + 0.5) * (2.0 / BINS) - 1.0, np.float64)
