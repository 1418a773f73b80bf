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
# A donor is one of so many with the nearest predictions, of at least so many.
_AMONG, _ENOUGH = 100, 50


class _Errors(NamedTuple):
    """Errors of donors, by rising prediction."""

    predicted: Float32s
    error: Float32s


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
        for band, errors in enumerate(self._errors):
            here = self._band == band
            among = min(_AMONG, len(errors.error))
            position = np.searchsorted(errors.predicted, drawn[here]) - among // 2
            low = np.clip(position, 0, len(errors.error) - among)
            drawn[here] += errors.error[low + rng.integers(among, size=low.shape)]
        return drawn


def _by_band(band: Int64s, predicted: Float32s, donors: Donors, queries: int) -> list[_Errors]:
    """The errors in each band of gaps; a band with too few donors has those of the next ones.

    An error that all items of a query share moves no item ahead of another. So the mean of a
    query's errors in a band is taken out, and what is left is scaled for it.
    """
    bands = len(_GAPS) + 1
    left = donors.new - predicted
    group = band * queries + donors.query
    count = np.bincount(group, minlength=bands * queries)[group]
    mean = (np.bincount(group, left, minlength=bands * queries))[group] / count
    scale = np.sqrt(count / np.maximum(count - 1, 1))
    error = np.asarray((left - mean) * scale, np.float32)
    usable = count > 1
    if usable.sum() < _ENOUGH:  # hardly any query has two known items in a band
        error, usable = left, np.ones(len(left), bool)
    chosen = [np.flatnonzero(usable & (band == b)) for b in range(bands)]
    found: list[_Errors] = []
    for b in range(bands):
        rows, distance = chosen[b], 1
        while len(rows) < _ENOUGH and distance < bands:
            near = [chosen[o] for o in (b - distance, b + distance) if 0 <= o < bands]
            rows, distance = np.concatenate([rows, *near]), distance + 1
        rows = rows[np.argsort(predicted[rows], kind="stable")]
        found.append(_Errors(predicted[rows], error[rows]))
    return found
