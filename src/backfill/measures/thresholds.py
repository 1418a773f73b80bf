"""A threshold on similarity, carried from the old system to the new one."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Float64s, Int64s
from backfill.errors import InputError
from backfill.measures.scores import Scores

_MOST_RESAMPLES = 1_000_000


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
            nearer. They are drawn from all that the threshold has to decide about: of pairs that
            are not among them, such as those beyond rank 20 if only 20 are, nothing is known.
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
            negative; a number out of range; or a threshold at which the old system accepts no pair,
            or none of weight.

    Source:
        Isotonic regression of relevance on score: Zadrozny & Elkan, Transforming classifier scores
        into accurate multiclass probability estimates, KDD 2002. Equal shares: equipercentile
        linking (Kolen & Brennan, Test Equating, Scaling, and Linking, 2014, chapter 2).
    """
    validate.number("threshold", threshold)
    validate.share("level", level, inside=True)
    validate.count("resamples", resamples, 2, _MOST_RESAMPLES)
    validate.seed("seed", seed)
    old = _finite("old_scores", old_scores)
    size = len(old)
    new = _finite("new_scores", new_scores, size)
    weight = np.ones(size) if weights is None else _finite("weights", weights, size)
    if (weight < 0).any():
        raise InputError(f"weights: expected none below 0, got {weight.min()}")
    good = None if relevant is None else (_finite("relevant", relevant, size) > 0).astype(float)
    accepted = (old >= threshold) & (weight > 0)
    if not accepted.any():
        raise InputError(
            f"threshold: expected one that the old system's scores reach, at most "
            f"{old.max(initial=-np.inf):.6g}, got {threshold}"
        )
    if good is not None and not good[accepted].any():
        raise InputError(
            f"relevant: expected a relevant pair that the old system accepts, "
            f"got none among {accepted.sum()}"
        )
    group = _groups(groups, size)
    old_side, new_side = Scores(old), Scores(new)
    last_accepted = int((old_side.values >= threshold).sum()) - 1

    def carried(drawn: Int64s) -> tuple[float, float, float]:
        """The threshold, what it gives, and what the old one gives, of drawn groups."""
        times = np.bincount(drawn, minlength=group.max() + 1)[group] * weight
        if not times[accepted].any():
            return np.nan, np.nan, np.nan
        aim = float(old_side.reached(times, good)[last_accepted])
        return *new_side.cut(new_side.reached(times, good), aim, lowest=good is not None), aim

    def interval() -> tuple[float, float]:
        from scipy.stats import bootstrap  # takes half a second

        with warnings.catch_warnings():
            # SciPy's own interval is not used: it has none if a resample accepts no pair.
            warnings.simplefilter("ignore")
            drawn = bootstrap(
                (np.arange(group.max() + 1),),
                lambda drawn: carried(drawn)[0],
                vectorized=False,
                n_resamples=resamples,
                method="percentile",
                rng=np.random.default_rng(seed),
            ).bootstrap_distribution
        low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    found, reached, aim = carried(np.arange(group.max() + 1))
    low, high = interval()
    equal = "share of accepted pairs" if good is None else "precision"
    return CarriedThreshold(found, low, high, equal, aim, reached)


def _groups(groups: ArrayLike | None, size: int) -> Int64s:
    """The group of each pair, numbered from 0."""
    given = np.arange(size) if groups is None else validate.integers("groups", groups)
    validate.same_length("groups", given, size, "old_scores")
    group: Int64s = np.unique(given, return_inverse=True)[1]
    if size == 0 or group.max() < 1:
        what = "pairs" if groups is None else "groups"
        raise InputError(f"old_scores: expected at least two {what}, got {len(np.unique(group))}")
    return group


def _finite(name: str, values: ArrayLike, size: int | None = None) -> Float64s:
    array = validate.array(name, values)
    if array.ndim != 1 or array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise InputError(
            f"{name}: expected finite numbers, one per pair, got {array.dtype} of "
            f"shape {array.shape}"
        )
    if size is not None:
        validate.same_length(name, array, size, "old_scores")
    return array.astype(np.float64)
