"""Part of the way from one query to another, for arrays."""

from __future__ import annotations

import numpy as np

from backfill import validate
from backfill.align.maps import floating, unit
from backfill.arrays import Array, Float32s
from backfill.errors import InputError


def slerp(start: Array, end: Array, weight: float) -> Float32s:
    """Go part of the way from rows to others, along the great circles between them.

    The same as :func:`backfill.transforms.mixing.slerp`, which trains.

    Args:
        start: (..., D) of any length, such as old queries that were mapped.
        end: (..., D), such as new queries.
        weight: 0 is `start`, 1 is `end`.

    Returns:
        (..., D) of unit length.

    Raises:
        InputError: they are no floating numbers of one shape, or the weight is none from 0 to 1.

    Source:
        Shoemake, Animating Rotation with Quaternion Curves, SIGGRAPH 1985.
    """
    validate.share("weight", weight)
    start, end = floating("start", start), floating("end", end)
    if start.shape != end.shape:
        raise InputError(f"end: expected shape {start.shape} as start, got {end.shape}")
    first, second = unit(start), unit(end)
    angle = np.arccos(np.clip((first * second).sum(-1, keepdims=True), -1, 1))
    # Next to each other, and opposite to each other, no sine tells the way: the chord does.
    sine = np.sin(angle)
    near = sine < 1e-4
    sine = np.where(near, 1, sine)
    left = np.where(near, 1 - weight, np.sin((1 - weight) * angle) / sine)
    right = np.where(near, weight, np.sin(weight * angle) / sine)
    return unit(left * first + right * second)
