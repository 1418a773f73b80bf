"""Completed new cosines: unknown ones drawn as they might be, given those that are known.

Predictive mean matching (Little, Missing-Data Adjustments in Large Surveys, Journal of Business &
Economic Statistics 1988): a regression predicts; then each unknown pair of a query and an item
takes over the error of a known one, a donor, with nearly the same prediction. Donors lie as far
behind the first items of their query as the pair does behind those of its own, since the nearest
items are predicted better than equally near ones further down. Several completions, each from items
drawn anew, show how much is not known (Rubin, Multiple Imputation for Nonresponse in Surveys,
1987).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill.arrays import Float32s, Int64s
from backfill.forecast.donors import Donors
from backfill.forecast.regression import Regression

# Behind the mean of the first of a query's predictions, in standard deviations; from far to near.
_GAPS = (-4.0, -3.0, -2.0, -1.5, -1.0, -0.5, -0.2)
FIRST = 10  # predictions that make this mean
# A donor is one of so many with the nearest predictions, no further away than this; there are at
# least a few, and a band has enough of them.
_AMONG, _WITHIN = 100, 0.5
_FEW, _ENOUGH = 10, 50


class _Errors(NamedTuple):
    """Errors of donors, by rising prediction."""

    predicted: Float32s
    error: Float32s

    def near(self, predicted: Float32s) -> tuple[Int64s, Int64s]:
        """Where the nearest donors of some predictions begin, and how many there are."""
        place = np.searchsorted(self.predicted, predicted)
        low = np.maximum(place - _AMONG // 2, np.searchsorted(self.predicted, predicted - _WITHIN))
        high = np.minimum(place + _AMONG // 2, np.searchsorted(self.predicted, predicted + _WITHIN))
        return low, high - low

    def nearest(self, predicted: Float32s) -> tuple[Int64s, Int64s]:
        """The same, but at least a few, however far."""
        low, count = self.near(predicted)
        few = min(_FEW, len(self.predicted))
        place = np.searchsorted(self.predicted, predicted) - few // 2
        at_least = np.clip(place, 0, len(self.predicted) - few)
        return np.where(count < few, at_least, low), np.maximum(count, few)

    def drawn(self, low: Int64s, count: Int64s, rng: np.random.Generator) -> Float32s:
        """An error of a random one among some donors."""
        return self.error[low + (rng.random(low.shape) * count).astype(np.int64)]


class Completion:
    """Draws new standard scores for a set of candidates.

    Args:
        donors: known pairs.
        channels: (C, Q, M) standard scores of the candidates; -inf where there is none.
    """

    def __init__(self, donors: Donors, channels: Float32s) -> None:
        queries, columns = channels.shape[1:]
        regression = Regression.of(donors, queries)
        there = np.isfinite(channels).all(axis=0)
        line = regression.line(np.where(there, channels, 0))
        ranked = np.where(there, line, -np.inf)
        first = min(FIRST, columns)
        top = np.partition(ranked, columns - first, axis=1)[:, columns - first :]
        # A query with fewer candidates has only these.
        counted = np.isfinite(top)
        total = np.where(counted, top, 0).sum(axis=1)
        self.top: Float32s = total / np.maximum(counted.sum(axis=1), 1)
        query = np.repeat(np.arange(queries), columns)
        own = regression.own_part(line.ravel(), query).reshape(line.shape)
        self._predicted: Float32s = line + own
        self._band: Int64s = np.searchsorted(_GAPS, line - self.top[:, None])
        of_donors = regression.line(donors.channels)
        self._errors = _by_band(
            np.searchsorted(_GAPS, of_donors - self.top[donors.query]),
            of_donors + regression.own_part(of_donors, donors.query),
            donors,
            queries,
        )

    def draw(self, rng: np.random.Generator) -> Float32s:
        """(Q, M) new standard scores, as if no candidate's were known."""
        drawn = self._predicted.copy()
        for band, (of_pairs, of_all) in enumerate(self._errors):
            here = self._band == band
            predicted = drawn[here]
            low, count = of_all.nearest(predicted)
            error = of_all.drawn(low, count, rng)
            low, count = of_pairs.near(predicted)
            enough = count >= _FEW
            error[enough] = of_pairs.drawn(low[enough], count[enough], rng)
            drawn[here] = predicted + error
        return drawn


def _by_band(
    band: Int64s, predicted: Float32s, donors: Donors, queries: int
) -> list[tuple[_Errors, _Errors]]:
    """The errors in each band of gaps: of donors that are not alone there, and of all.

    An error that all items of a query share moves no item ahead of another. So, where a query has
    several donors in a band, an error is how far one lies from their mean, scaled for that mean,
    plus what the regression is wrong by, on average, for all queries there. Donors that are alone
    keep their errors; they serve where others are too few. A band with too few donors has those of
    the next ones too.
    """
    bands = len(_GAPS) + 1
    left = np.asarray(donors.new - predicted, np.float32)
    group = band * queries + donors.query
    count = np.bincount(group, minlength=bands * queries)[group]
    mean = np.bincount(group, left, minlength=bands * queries)[group] / count
    within = np.asarray((left - mean) * np.sqrt(count / np.maximum(count - 1, 1)), np.float32)
    ranked = np.argsort(predicted, kind="stable")
    in_band = [ranked[band[ranked] == b] for b in range(bands)]
    found = []
    for b, rows in enumerate(in_band):
        distance = 1
        while len(rows) < _ENOUGH and distance < bands:
            near = [in_band[o] for o in (b - distance, b + distance) if 0 <= o < bands]
            rows, distance = np.concatenate([rows, *near]), distance + 1
        rows = rows[np.argsort(predicted[rows], kind="stable")]
        of_all = _Errors(predicted[rows], left[rows])
        paired = rows[count[rows] > 1]
        low, wide = of_all.nearest(predicted[paired])
        total = np.concatenate([[0], np.cumsum(left[rows], dtype=np.float64)])
        shared = (total[low + wide] - total[low]) / wide
        error = np.asarray(within[paired] + shared, np.float32)
        found.append((_Errors(predicted[paired], error), of_all))
    return found
