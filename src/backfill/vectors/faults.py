"""Rows that no similarity can be computed of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from backfill.arrays import Bools, Floats
from backfill.errors import InputError
from backfill.vectors.formats.registry import blocks_of, taken

# An array up to this size is read wholly, of a larger one so many rows.
_WHOLLY = 1 << 28
_ROWS = 10_000


def not_finite(block: Floats) -> Bools:
    """Which rows hold NaN or infinity."""
    return np.asarray(~np.isfinite(block).all(axis=1))


def zero(block: Floats) -> Bools:
    """Which rows are zero, and have no direction."""
    return np.asarray(~block.any(axis=1))


def require_usable(path: Path, array: Any) -> None:
    """Look for rows that cannot be used: among all, or in a large array among 10,000.

    Args:
        path: of the array's file.
        array: (N, D), as a rule memory-mapped.

    Raises:
        InputError: there is one; names the first that was met.
    """
    size = len(array)
    if array.shape[0] * array.shape[1] * array.dtype.itemsize <= _WHOLLY:
        rows, blocks = np.arange(size), blocks_of(array)
    else:
        rows = np.linspace(0, size - 1, min(size, _ROWS)).astype(np.int64)
        blocks = blocks_of(taken(array, rows))
    start = 0
    for block in blocks:
        for wrong, found in ((not_finite, "NaN or infinity"), (zero, "only zeros")):
            if (at := wrong(block)).any():
                row = rows[start + int(np.argmax(at))]
                raise InputError(
                    f"{path}: expected finite vectors with a direction, got {found} in row {row}; "
                    "`backfill check` counts such rows"
                )
        start += len(block)
