"""Maps that compare a query's similarities with those to a background, without labels.

The background is a random sample of the gallery that both systems have embedded. Almost all of its
items are strangers to a query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backfill.arrays import Bools, Float64s, Floats, Int64s, System
from backfill.retrieval.merge.base import Backfill, Calibration
from backfill.retrieval.merge.maps import Map
from backfill.retrieval.similarity import query_blocks

# From a query's similarities to the background, (n,), to the similarity that scores 0 and the
# distance from it that scores 1, which is above 0.
Measure = Callable[[Float64s], tuple[float, float]]


def against_background(measure: Measure, system: System, backfill: Backfill) -> Map:
    """Fit the map of one system: shift and scale the similarities of each query.

    Items of the background that a query ignores are left out for it.

    Args:
        measure: finds the shift and the scale.
        system: whose similarities are mapped.
        backfill: to which it belongs.

    Returns:
        The map.
    """
    sample = draw(~backfill.arriving, backfill.calibration)
    query, gallery = system.query, system.gallery[sample]
    position = np.full(len(system.gallery), -1)
    position[sample] = np.arange(len(sample))
    origin, unit = np.empty((2, len(query)))
    for block in query_blocks(len(query), len(sample) * 8):
        similarity = (query[block] @ gallery.T).astype(np.float64)
        for q in range(block.start, block.stop):
            out = position[backfill.relevance.ignored(q)]
            row = np.delete(similarity[q - block.start], out[out >= 0])
            origin[q], unit[q] = measure(row)
    return _Scaled(origin, unit)


@dataclass(frozen=True)
class _Scaled:
    """A map that shifts and scales the similarities of each query."""

    origin: Float64s  # (Q,)
    unit: Float64s  # (Q,)

    def __call__(self, block: slice, similarity: Floats) -> Float64s:
        return np.asarray((similarity - self.origin[block, None]) / self.unit[block, None])


def draw(present: Bools, calibration: Calibration) -> Int64s:
    """Draw the background.

    Args:
        present: (N,) whether an item is in the gallery from the start.
        calibration: the size of the background, and the seed.

    Returns:
        Its gallery indices, ascending.
    """
    items = np.random.default_rng([calibration.seed, 3]).permutation(np.flatnonzero(present))
    return np.sort(items[: calibration.background])
