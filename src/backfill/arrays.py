"""Array types that all rooms share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Bools = NDArray[np.bool_]
Int8s = NDArray[np.int8]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt8s = NDArray[np.uint8]
UInt32s = NDArray[np.uint32]
Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

_SMALL = 2.0**-60


class System(NamedTuple):
    """The embeddings of a retrieval system: what searches, and what is searched.

    Attributes:
        query: (Q, D) query embeddings.
        gallery: (N, D) gallery embeddings, in memory or memory-mapped.
    """

    query: Array
    gallery: Array


def moderate(rows: Floats) -> Floats:
    """Scale rows whose squares float32 could not hold by powers of two, which rounds nothing.

    Args:
        rows: (..., D) of any length, float64 up to its limits.

    Returns:
        The rows themselves where no length is below 2^-60 or above 2^60. NaN, infinite numbers and
        zeros stay.
    """
    if rows.dtype == np.float16 or not rows.size:
        return rows
    largest = np.maximum(rows.max(-1, keepdims=True), -rows.min(-1, keepdims=True))
    far = ((largest < _SMALL) | (largest > 1 / _SMALL)) & (largest > 0) & np.isfinite(largest)
    if not far.any():
        return rows
    scaled: Floats = np.ldexp(rows, np.where(far, -np.frexp(largest)[1], 0))
    return scaled


def at_seed(of_seeds: Any, position: int) -> Any:
    """What belongs to the seed at `position`: its own entry, or the only one there is."""
    return of_seeds[position if len(of_seeds) > 1 else 0]
