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


class System(NamedTuple):
    """The embeddings of a retrieval system: what searches, and what is searched.

    Attributes:
        query: (Q, D) query embeddings.
        gallery: (N, D) gallery embeddings, in memory or memory-mapped.
    """

    query: Array
    gallery: Array


def at_seed(of_seeds: Any, position: int) -> Any:
    """What belongs to the seed at `position`: its own entry, or the only one there is."""
    return of_seeds[position if len(of_seeds) > 1 else 0]
