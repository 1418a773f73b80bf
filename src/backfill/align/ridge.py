"""Least squares from one space to another, shrunk as much as held-out pairs ask for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import linalg

from backfill import validate
from backfill.align.affine import AffineMap
from backfill.align.folds import folds
from backfill.align.maps import Map
from backfill.align.moments import Moments, as_views
from backfill.align.registry import CLOSED_FORMS
from backfill.arrays import Array, Float64s
from backfill.errors import InputError

# Relative to the mean variance of a component: from next to none to three times as much.
STRENGTHS = tuple(float(strength) for strength in np.geomspace(1e-4, 10**0.5, 10))
HELD_OUT = 0.1


def ridge(source: Array, target: Array, strength: float | None = None) -> AffineMap:
    """Fit centred least squares with a penalty on the squared size of the matrix.

    W minimises |X W - Y|^2 / n + strength * v * |W|^2 for the centred X and Y of n pairs; v is the
    mean variance of X's components, so that a strength means the same in every space.

    Args:
        source: (N, D) embeddings by one encoder, or (V, N, D) in V views, which all count.
        target: (N, D') or (V, N, D') of the same items by another encoder.
        strength: positive; None: what :func:`choose_strength` finds.

    Returns:
        The map from source to target.

    Raises:
        InputError: these are not pairs, or fewer than two items, or not finite.

    Source:
        Hoerl & Kennard, Ridge Regression, Technometrics 1970.
    """
    if strength is None:
        strength = choose_strength(source, target)
    validate.number("strength", strength, 0, inside=True)
    return _Solver(Moments.of(*as_views(source, target))).map(strength)


CLOSED_FORMS.register("ridge")(ridge)


def choose_strength(
    source: Array,
    target: Array,
    strengths: Sequence[float] = STRENGTHS,
    held_out: float = HELD_OUT,
    seed: int = 0,
    judged: int = 1,
) -> float:
    """Choose ridge's strength by the mean cosine of held-out pairs.

    Args:
        source: (N, D) or (V, N, D).
        target: of the same items.
        strengths: to choose from.
        held_out: share of the items, in all their views, that judge; at least one item.
        seed: of the items that are held out.
        judged: how many items are to judge. If one share is not enough, others are held out in
            turn, and each strength has the mean of all.

    Returns:
        The strength whose map of the other pairs brings the held-out ones nearest to each other;
        of equals, the first.

    Raises:
        InputError: these are not pairs, or fewer than two items, or not finite.
    """
    source, target = as_views(source, target)
    if not len(validate.sequence("strengths", strengths)):
        raise InputError("strengths: expected some to choose from, got none")
    for strength in strengths:
        validate.number("strengths", strength, 0, inside=True)
    validate.share("held_out", held_out, inside=True)
    validate.seed("seed", seed)
    validate.count("judged", judged)
    means = np.zeros(len(strengths))
    for judges, others in folds(source.shape[1], held_out, seed, judged):
        solver = _Solver(Moments.of(source[:, others], target[:, others]))
        asked, wanted = source[:, judges], target[:, judges]
        means += [mean_cosine(solver.map(strength), asked, wanted) for strength in strengths]
    return strengths[int(np.argmax(means))]


def mean_cosine(fitted: Map, source: Array, target: Array) -> float:
    """How near a map brings pairs to each other: the mean cosine of (..., D) and (..., D')."""
    length = np.maximum(np.linalg.norm(target, axis=-1), np.finfo(np.float32).tiny)
    return float(((fitted.apply(source) * target).sum(-1) / length).mean())


class _Solver:
    """Maps of any strength from one eigendecomposition of X's covariance."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self._variance, self._axes = linalg.eigh(moments.variance)
        self._shared: Float64s = self._axes.T @ moments.shared

    def map(self, strength: float) -> AffineMap:
        penalised = self._variance + strength * self._variance.mean()
        # Without any variance there is nothing to learn from: the map is Y's mean.
        positive = penalised > np.finfo(np.float64).eps
        inverse = np.divide(1, penalised, out=np.zeros_like(penalised), where=positive)
        weight = self._axes @ (inverse[:, None] * self._shared)
        return AffineMap.centred(weight, self._moments.source, self._moments.target)
