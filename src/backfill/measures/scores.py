"""Distinct scores of a system, and what accepting all pairs down to one of them gives."""

from __future__ import annotations

import numpy as np

from backfill.arrays import Float64s, Int64s


class Scores:
    """Distinct scores of a system, the highest first, and which of them each pair has.

    Args:
        scores: (n,) of the pairs.
    """

    def __init__(self, scores: Float64s) -> None:
        rising, which = np.unique(scores, return_inverse=True)
        self.values: Float64s = rising[::-1]
        self._which: Int64s = len(rising) - 1 - which

    def reached(self, weight: Float64s, good: Float64s | None) -> Float64s:
        """Compute what is to be equal, if all pairs down to each distinct score are accepted.

        Args:
            weight: (n,) of the pairs.
            good: (n,) 1 for relevant pairs, else 0; None if unknown.

        Returns:
            The precision, which does not rise along the scores, as relevance is fitted to fall with
            them; without `good` the share of pairs.
        """
        of_score = np.bincount(self._which, weight)
        if good is None:
            return np.asarray(np.cumsum(of_score) / of_score.sum())
        from scipy.optimize import isotonic_regression

        there = of_score > 0
        share = np.bincount(self._which, weight * good)[there] / of_score[there]
        fitted = isotonic_regression(share, weights=of_score[there], increasing=False).x
        total = np.zeros(len(of_score))
        total[there] = fitted * of_score[there]
        precision = np.cumsum(total) / np.maximum(np.cumsum(of_score), np.finfo(float).tiny)
        first = int(np.argmax(there))
        precision[:first] = precision[first]
        return np.asarray(precision)

    def cut(self, reached: Float64s, aim: float, *, lowest: bool) -> tuple[float, float]:
        """Find the threshold that gives what is aimed at.

        Args:
            reached: as :meth:`reached` computes it.
            aim: what it should be.
            lowest: whether it may be more, at the lowest threshold; else the nearest is taken.

        Returns:
            A threshold half-way between the last score accepted and the next, and what it gives.
        """
        if lowest:
            enough = reached >= min(aim, reached.max()) - 1e-9
            last = len(reached) - 1 - int(np.argmax(enough[::-1]))
        else:
            last = int(np.argmin(np.abs(reached - aim)))
        following = min(last + 1, len(reached) - 1)
        middle = (self.values[last] + self.values[following]) / 2
        return float(middle), float(reached[last])
