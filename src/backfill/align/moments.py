"""Means and covariances of pairs of embeddings: all that a linear map is fitted on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill import validate
from backfill.arrays import Array, Float64s
from backfill.errors import InputError

ROWS = 65_536  # that are in float64 at a time


class Moments(NamedTuple):
    """Of n pairs (x, y).

    Attributes:
        source: (D,) mean of x.
        target: (D',) mean of y.
        variance: (D, D) covariance of x with itself.
        shared: (D, D') covariance of x with y.
    """

    source: Float64s
    target: Float64s
    variance: Float64s
    shared: Float64s

    @classmethod
    def of(cls, source: Array, target: Array) -> Moments:
        """Sum over all items and views, in float64.

        Args:
            source: (V, N, D).
            target: (V, N, D').

        Raises:
            InputError: a number is not finite.
        """
        width, wide = source.shape[2], target.shape[2]
        total, products = np.zeros(width + wide), np.zeros((width, width + wide))
        with np.errstate(over="ignore", invalid="ignore"):
            for x_view, y_view in zip(source, target, strict=True):
                for start in range(0, len(x_view), ROWS):
                    rows = slice(start, start + ROWS)
                    pairs = np.concatenate([x_view[rows], y_view[rows]], axis=1, dtype=np.float64)
                    total += pairs.sum(0)
                    products += pairs[:, :width].T @ pairs
        if not (np.isfinite(total).all() and np.isfinite(products).all()):
            raise InputError("pairs: expected finite numbers, got others")
        count = source.shape[0] * source.shape[1]
        mean = total / count
        covariance = products / count - np.outer(mean[:width], mean)
        return cls(mean[:width], mean[width:], covariance[:, :width], covariance[:, width:])


def as_views(source: Array, target: Array) -> tuple[Array, Array]:
    """Both as (V, N, D), if they are pairs.

    Raises:
        InputError: they are not pairs, or fewer than two items.
    """
    source, target = validate.array("source", source), validate.array("target", target)
    for name, rows in (("source", source), ("target", target)):
        if rows.dtype.kind != "f" or 0 in rows.shape:
            raise InputError(
                f"{name}: expected floating numbers, got {rows.dtype} of shape {rows.shape}"
            )
    shapes = f"shapes {np.shape(source)} and {np.shape(target)}"
    if source.ndim not in (2, 3) or source.shape[:-1] != target.shape[:-1]:
        raise InputError(f"pairs: expected two embeddings of the same items, got {shapes}")
    if source.shape[-2] < 2:
        raise InputError(f"pairs: expected at least 2 items, got {shapes}")
    return (source, target) if source.ndim == 3 else (source[None], target[None])
