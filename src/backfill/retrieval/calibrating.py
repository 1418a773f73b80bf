"""Maps from each system's similarity to one scale on which both can be ranked together.

A map is fitted once, not at every checkpoint, and rises with the similarity: within a system it
changes no ranking, so that the backfill starts at the old system and ends at the new one exactly.

With labels, the score is the log-odds that query and item match, as a function of the similarity:

- `isotonic`: by isotonic regression (Zadrozny & Elkan, KDD 2002), straight lines between its steps;
- `logistic`: by logistic regression (Platt, 1999), one straight line.

The queries are cut into two random halves, and each half is scored by the map fitted on the other.
Pairs with an item that the scored half ignores (in a gallery that holds the queries, themselves)
are left out, so that no label of a scored query is used even where it stands in the gallery.

Without labels, a query's similarities are compared with those to a background, a random sample of
the gallery that both systems have embedded; strangers to the query, nearly all of them:

- `background_z_score`: (similarity - mean) / standard deviation;
- `background_nearest`: (similarity - mean) / (mean of the nearest twentieth - mean). Only the
  nearest of the background look like matches, and it is there that the two systems must agree; the
  bulk, which rules the standard deviation, can be as wide as it likes.

Items that are not in the gallery from the start are not used by any of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backfill.errors import InputError
from backfill.relevance import Relevance
from backfill.retrieval.distances import count_pairs
from backfill.retrieval.similarity import Floats, Pair, query_blocks

CALIBRATIONS = ("isotonic", "logistic", "background_z_score", "background_nearest")

Bools = NDArray[np.bool_]
Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
# (queries of a block, their similarities (B, M)) -> scores (B, M)
Map = Callable[[slice, Floats], Float64s]

_NEAREST_SHARE = 0.05
# Squared distances from 0 to 4, a thousandth wide: finer than any effect on a fitted map.
_BINS = 4000
# What a score rises by at least over the similarities. Two float32 similarities that differ then
# have float64 scores that differ; and no reader would tell such log-odds apart.
_LEAST_SLOPE = 1e-6


@dataclass(frozen=True)
class Calibration:
    """What the maps are fitted on: the draw of the two halves and of the background."""

    background: int = 1000  # items, or all where the gallery has fewer
    seed: int = 0


@dataclass(frozen=True)
class Lines:
    """Straight lines through points (similarity, score), and of the given slope beyond them."""

    similarity: Float64s  # (K,), ascending
    score: Float64s  # (K,), ascending
    slope: float

    def __call__(self, similarity: Floats) -> Float64s:
        """Scores of any similarities, in the same shape."""
        below = np.minimum(similarity - self.similarity[0], 0.0)
        above = np.maximum(similarity - self.similarity[-1], 0.0)
        inside = np.interp(similarity, self.similarity, self.score)
        return np.asarray(inside + self.slope * (below + above))


def fit(merge: str, pair: Pair, relevance: Relevance, present: Bools, chosen: Calibration) -> Map:
    """The map of one system. pair: (query (Q, d), gallery (N, d)), unit rows; present: (N,).

    Raises InputError where labels are needed and a half of the queries has no positive pair, or no
    negative one.
    """
    if merge.startswith("background"):
        return _against_background(merge, pair, relevance, present, chosen)
    return _cross_fitted(merge, pair, relevance, present, chosen)


def halves(queries: int, seed: int) -> Int64s:
    """0 or 1 for each query, (Q,): random halves, equal but for one query."""
    return np.random.default_rng([seed, 2]).permutation(queries) % 2


def background(present: Bools, chosen: Calibration) -> Int64s:
    """Gallery indices of the background, ascending."""
    items = np.random.default_rng([chosen.seed, 3]).permutation(np.flatnonzero(present))
    return np.sort(items[: chosen.background])


def _cross_fitted(
    merge: str, pair: Pair, relevance: Relevance, present: Bools, chosen: Calibration
) -> Map:
    half = halves(relevance.num_queries, chosen.seed)
    lines = []
    for scored in (0, 1):
        kept = present.copy()
        for query in np.flatnonzero(half == scored).tolist():
            kept[relevance.ignored(query)] = False
        fitted_on = np.flatnonzero(half != scored)
        positives, negatives = count_pairs(*pair, relevance, fitted_on, kept, _BINS)
        if not positives.any() or not negatives.any():
            found = "positive" if not positives.any() else "negative"
            raise InputError(
                f"merge: {merge} expected positive and negative pairs in both halves of the "
                f"queries, got no {found} one in half {1 - scored}; another calibration seed may do"
            )
        lines.append(_FITS[merge](positives[::-1], negatives[::-1]))

    def scores(block: slice, similarity: Floats) -> Float64s:
        result = np.empty(similarity.shape)
        for scored in (0, 1):
            rows = half[block] == scored
            result[rows] = lines[scored](similarity[rows])
        return result

    return scores


def _centres() -> Float64s:
    """The similarity in the middle of each bin, (bins,), ascending as distances descend."""
    return np.asarray((np.arange(_BINS) + 0.5) * (2.0 / _BINS) - 1.0, np.float64)


def _isotonic(positives: Int64s, negatives: Int64s) -> Lines:
    """Log-odds by bin of similarity, rising. positives, negatives: (bins,) numbers of pairs."""
    total = positives + negatives
    used = total > 0
    similarity, total, positives = _centres()[used], total[used], positives[used]
    from sklearn.isotonic import IsotonicRegression  # a second to import, for few

    chance = IsotonicRegression().fit_transform(similarity, positives / total, sample_weight=total)
    step = np.concatenate([[0], np.cumsum(np.diff(chance) > 0)])
    pairs = np.bincount(step, weights=total)
    centre = np.bincount(step, weights=total * similarity) / pairs
    right = np.bincount(step, weights=positives)
    # The first step may have no positive and the last no negative: half a pair keeps their odds
    # finite, and the minimum keeps them below, or above, those of the next step.
    odds = np.maximum(right, 0.5) / np.maximum(pairs - right, 0.5)
    if len(odds) > 1:
        odds[0] = min(odds[0], odds[1] / 2)
        odds[-1] = max(odds[-1], odds[-2] * 2)
    score = np.log(odds) + _LEAST_SLOPE * centre
    if len(odds) == 1:
        return Lines(centre, score, _LEAST_SLOPE)
    return Lines(centre, score, float((score[-1] - score[0]) / (centre[-1] - centre[0])))


def _logistic(positives: Int64s, negatives: Int64s) -> Lines:
    """Log-odds linear in the similarity. positives, negatives: (bins,) numbers of pairs."""
    from sklearn.linear_model import LogisticRegression

    pairs = np.concatenate([positives, negatives])
    matches = np.repeat([1, 0], _BINS)
    similarity = np.tile(_centres(), 2)[:, None]
    # The default penalty, as heavy as a single pair, only matters where a line parts all pairs.
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000)
    model.fit(similarity[pairs > 0], matches[pairs > 0], sample_weight=pairs[pairs > 0])
    slope = max(float(model.coef_[0, 0]), _LEAST_SLOPE)
    return Lines(np.zeros(1), model.intercept_.astype(np.float64), slope)


_FITS: dict[str, Callable[[Int64s, Int64s], Lines]] = {
    "isotonic": _isotonic,
    "logistic": _logistic,
}


def _against_background(
    merge: str, pair: Pair, relevance: Relevance, present: Bools, chosen: Calibration
) -> Map:
    sample = background(present, chosen)
    query, gallery = pair[0], pair[1][sample]
    place = np.full(len(present), -1)
    place[sample] = np.arange(len(sample))
    origin, unit = np.empty((2, len(query)))
    for block in query_blocks(len(query), len(sample) * 8):
        similarity = (query[block] @ gallery.T).astype(np.float64)
        for q in range(block.start, block.stop):
            out = place[relevance.ignored(q)]
            row = np.delete(similarity[q - block.start], out[out >= 0])
            origin[q], unit[q] = _SPREADS[merge](row)

    def scores(block: slice, similarity: Floats) -> Float64s:
        return np.asarray((similarity - origin[block, None]) / unit[block, None])

    return scores


def _deviation(row: Float64s) -> tuple[float, float]:
    """Mean and standard deviation; 0 and 1 where there is none."""
    spread = row.std() if len(row) else 0.0
    return (row.mean(), spread) if spread > 0 else (row.mean() if len(row) else 0.0, 1.0)


def _nearest(row: Float64s) -> tuple[float, float]:
    """Mean, and how far above it the nearest twentieth is, on average."""
    if len(row) == 0:
        return 0.0, 1.0
    count = max(1, round(_NEAREST_SHARE * len(row)))
    mean = row.mean()
    spread = np.partition(row, len(row) - count)[-count:].mean() - mean
    return mean, spread if spread > 0 else 1.0


_SPREADS: dict[str, Callable[[Float64s], tuple[Any, Any]]] = {
    "background_z_score": _deviation,
    "background_nearest": _nearest,
}
