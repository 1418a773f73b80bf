"""A threshold on similarity, carried from the old system to the new one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Array, Float64s, Int64s
from backfill.errors import InputError


class CarriedThreshold(NamedTuple):
    """A threshold of the new system that stands for one of the old.

    Attributes:
        threshold: pairs at least as similar are accepted.
        low: lower end of its interval.
        high: upper end.
        equal: what is kept equal: `precision`, or `share of accepted pairs` without judgements.
        old: that quantity in the old system at its threshold.
        new: the same in the new system at `threshold`. Less than `old` by more than a step from one
            pair to the next: the new system is never so precise.
    """

    threshold: float
    low: float
    high: float
    equal: str
    old: float
    new: float


def carry_threshold(
    old_scores: ArrayLike,
    new_scores: ArrayLike,
    threshold: float,
    relevant: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.9,
    resamples: int = 500,
    seed: int = 0,
) -> CarriedThreshold:
    """Find the threshold of the new system that does what the old one's does.

    With judgements it is the lowest threshold whose precision is that of the old system at its own,
    so that as many pairs as possible are accepted. The probability of being relevant is taken to
    rise with similarity in either system (isotonic regression); precision then falls as a threshold
    does. Without judgements the same share of pairs is accepted, which says nothing of how good
    they are.

    Args:
        old_scores: (n,) similarity of n pairs of a query and an item in the old system, higher is
            nearer. They should be drawn from the pairs that the threshold is for, such as all
            pairs that a search returns.
        new_scores: (n,) of the same pairs in the new system.
        threshold: of the old system; pairs at least as similar are accepted.
        relevant: (n,) whether the items are relevant, as bools or as grades; None if unknown.
        weights: (n,) how many pairs each one stands for, if some were drawn more often.
        groups: (n,) integers, the query of each pair. Pairs of a query go together into or out of a
            resample; without groups each pair goes alone, and the interval is too narrow if pairs
            share queries.
        level: confidence level of the interval.
        resamples: of the bootstrap, by percentiles.
        seed: draws the resamples.

    Returns:
        The threshold and its interval.

    Raises:
        InputError: fewer than two pairs or groups; scores that are not finite; weights that are
            negative; or a threshold at which the old system accepts no pair, or none of weight.

    Source:
        Isotonic regression of relevance on score: Zadrozny & Elkan, Transforming classifier scores
        into accurate multiclass probability estimates, KDD 2002. Equal shares: equipercentile
        linking (Kolen & Brennan, Test Equating, Scaling, and Linking, 2014, chapter 2).
    """
    old = _finite("old_scores", old_scores)
    size = len(old)
    new = _finite("new_scores", new_scores, size)
    weight = np.ones(size) if weights is None else _finite("weights", weights, size)
    if (weight < 0).any():
        raise InputError(f"weights: expected none below 0, got {weight.min()}")
    good = None if relevant is None else (_finite("relevant", relevant, size) > 0).astype(float)
    group = np.arange(size) if groups is None else validate.integers("groups", groups)
    validate.same_length("groups", group, size, "old_scores")
    group = np.unique(group, return_inverse=True)[1]
    if not 0 < level < 1 or resamples < 1:
        raise InputError(
            f"level, resamples: expected 0 < level < 1 and resamples >= 1, got {level}, {resamples}"
        )
    if group.max() < 1:
        raise InputError(f"old_scores: expected at least two pairs or groups, got {size} pairs")
    if not weight[old >= threshold].any():
        raise InputError(
            f"threshold: expected one that the old system's scores reach, at most {old.max():.6g}, "
            f"got {threshold}"
        )
    sides = _Scores(old), _Scores(new)

    def carried(drawn: Int64s) -> tuple[float, float, float]:
        times = np.bincount(drawn, minlength=group.max() + 1)[group] * weight
        accepted = int(np.searchsorted(-sides[0].values, -threshold, side="right"))
        aims, reached = (side.quantities(times, good) for side in sides)
        if accepted == 0 or not times[old >= threshold].any():
            return np.nan, np.nan, np.nan
        aim = aims[accepted - 1]
        return *sides[1].cut(reached, aim, lowest=good is not None), aim

    found, reached, aim = carried(np.arange(group.max() + 1))
    low, high = _interval(lambda drawn: carried(drawn)[0], group.max() + 1, level, resamples, seed)
    equal = "share of accepted pairs" if good is None else "precision"
    return CarriedThreshold(found, low, high, equal, float(aim), reached)


class _Scores:
    """Distinct scores of a system, the highest first, and which of them each pair has."""

    def __init__(self, scores: Float64s) -> None:
        rising, which = np.unique(scores, return_inverse=True)
        self.values: Float64s = rising[::-1]
        self._which: Int64s = len(rising) - 1 - which

    def quantities(self, weight: Float64s, good: Float64s | None) -> Float64s:
        """What is to be equal, if all pairs down to each distinct score are accepted."""
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
        """A threshold half-way between the last score accepted and the next, and what it gives."""
        if lowest:
            enough = reached >= min(aim, reached.max()) - 1e-9
            last = len(reached) - 1 - int(np.argmax(enough[::-1]))
        else:
            last = int(np.argmin(np.abs(reached - aim)))
        following = min(last + 1, len(reached) - 1)
        middle = (self.values[last] + self.values[following]) / 2
        return float(middle), float(reached[last])


def _interval(
    statistic: object, size: int, level: float, resamples: int, seed: int
) -> tuple[float, float]:
    """Percentile interval of a statistic of drawn groups."""
    from scipy.stats import bootstrap

    drawn = bootstrap(
        (np.arange(size),),
        statistic,
        vectorized=False,
        n_resamples=resamples,
        method="percentile",
        rng=np.random.default_rng(seed),
        confidence_level=level,
    ).bootstrap_distribution
    drawn = drawn[~np.isnan(drawn)]
    low, high = (
        np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) if len(drawn) else [np.nan] * 2
    )
    return float(low), float(high)


def _finite(name: str, values: ArrayLike, size: int | None = None) -> Float64s:
    array: Array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise InputError(
            f"{name}: expected finite numbers, one per pair, got {array.dtype} of "
            f"shape {array.shape}"
        )
    if size is not None:
        validate.same_length(name, array, size, "old_scores")
    return array.astype(np.float64)
