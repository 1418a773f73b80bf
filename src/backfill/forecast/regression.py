"""A query's new cosines, predicted from its cosines by the channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backfill.arrays import Float32s, Float64s, Floats, Int64s
from backfill.forecast.donors import Donors

# Where the pieces of the line meet, in standard deviations, and where a query's own slopes begin.
KNOTS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
_BENDS = (1.0, 3.0)
# Variances of a query's own slopes that are tried.
_SPREADS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)
_NEAR = 2.0  # predictions from here on judge the spread
_PENALTY = 1e-7
_ROWS = 2**20


@dataclass(frozen=True, eq=False)
class Regression:
    """A piecewise linear line for all queries, and what each query departs from it.

    new = line(channels) + own_1 * (line - 1)+ + own_2 * (line - 3)+, all in standard scores. The
    own slopes are drawn from a normal distribution; its variance is the one that predicts each
    donor best from the others of its query (empirical Bayes; Efron & Morris, Data Analysis Using
    Stein's Estimator, Journal of the American Statistical Association 1975).

    Attributes:
        weight: (F,) of the line.
        own: (Q, 2) each query's own slopes.
    """

    weight: Float64s
    own: Float64s

    @classmethod
    def of(cls, donors: Donors, queries: int) -> Regression:
        """Fit it on donors.

        Args:
            donors: of Q queries.
            queries: Q.
        """
        design = _features(donors.channels)
        gram = np.asarray(design.T @ design / len(design), np.float64)
        gram[np.diag_indices_from(gram)] += _PENALTY
        shared = np.asarray(design.T @ donors.new / len(design), np.float64)
        weight = np.asarray(np.linalg.solve(gram, shared), np.float64)
        line = np.asarray(design @ weight, np.float32)
        return cls(weight, _own(line, donors.new - line, donors.query, queries))

    def line(self, channels: Float32s) -> Float32s:
        """(...) what is predicted for any query from (C, ...) standard scores."""
        flat = channels.reshape(len(channels), -1)
        predicted = np.empty(flat.shape[1], np.float32)
        for start in range(0, len(predicted), _ROWS):
            block = slice(start, start + _ROWS)
            predicted[block] = _features(flat[:, block]) @ self.weight
        return predicted.reshape(channels.shape[1:])

    def own_part(self, line: Float32s, query: Int64s) -> Float32s:
        """(P,) what the queries of some pairs add to the line."""
        return np.asarray((_bent(line) * self.own[query]).sum(axis=1), np.float32)


def _features(channels: Float32s) -> Float64s:
    """(P, F) the channels, straight and from each knot on."""
    values = channels.astype(np.float64)
    bent = [np.maximum(values - knot, 0) for knot in KNOTS]
    return np.concatenate([np.ones((1, values.shape[1])), values, *bent]).T


def _bent(line: Floats) -> Float64s:
    """(P, 2) how far a prediction lies above each bend."""
    return np.stack([np.maximum(line - bend, 0) for bend in _BENDS], axis=1).astype(np.float64)


def _own(line: Float32s, left: Floats, query: Int64s, queries: int) -> Float64s:
    """(Q, 2) slopes of what the line leaves, shrunk as much as left-out donors ask for."""
    bent = _bent(line)
    width = bent.shape[1]
    squares, shared = np.empty((queries, width, width)), np.empty((queries, width))
    for i in range(width):
        shared[:, i] = np.bincount(query, bent[:, i] * left, minlength=queries)
        for j in range(width):
            squares[:, i, j] = np.bincount(query, bent[:, i] * bent[:, j], minlength=queries)
    near = line > _NEAR
    if not near.any():
        return np.zeros((queries, width))
    noise = float((left[near] ** 2).mean())
    best, chosen = np.inf, np.zeros((queries, width))
    for spread in _SPREADS:
        if spread == 0:
            slopes, leverage = chosen, np.zeros(int(near.sum()))
        else:
            inverse = np.linalg.inv(squares + np.eye(width) * noise / spread)
            slopes = np.einsum("qij,qj->qi", inverse, shared)
            leverage = np.einsum("pi,pij,pj->p", bent[near], inverse[query[near]], bent[near])
        error = left[near] - (bent[near] * slopes[query[near]]).sum(axis=1)
        wrong = float(((error / np.maximum(1 - leverage, 0.05)) ** 2).mean())
        if wrong < best:
            best, chosen = wrong, slopes
    return chosen
