"""The map that changes nothing."""

from __future__ import annotations

import numpy as np

from backfill.align.affine import AffineMap
from backfill.align.maps import floating
from backfill.align.registry import CLOSED_FORMS
from backfill.arrays import Array


@CLOSED_FORMS.register("identity")
def identity(source: Array, target: Array) -> AffineMap:
    """Return x -> x, whatever the pairs are.

    Args:
        source: (..., D).
        target: (..., D'). A wider space gets zeros, a narrower one the first components.

    Raises:
        InputError: they are no floating numbers.
    """
    source, target = floating("source", source), floating("target", target)
    rows, columns = source.shape[-1], target.shape[-1]
    return AffineMap(np.eye(rows, columns, dtype=np.float32), np.zeros(columns, np.float32))
