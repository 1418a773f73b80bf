"""Rank by how far a similarity is on the way from a background's mean to its nearest items."""

from __future__ import annotations

from functools import partial

import numpy as np

from backfill.arrays import Float64s
from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.background import against_background
from backfill.retrieval.merge.base import Backfill, Scorer
from backfill.retrieval.merge.maps import MapScorer

_NEAREST_SHARE = 0.05


@MERGES.register("background_nearest")
def background_nearest(backfill: Backfill) -> Scorer:
    """Score (similarity - mean) / (mean of the nearest twentieth - mean), all of the background.

    Only the nearest items of the background look like matches, and it is there that the two systems
    must agree. The others, which determine the standard deviation, may spread as they like.
    """
    return MapScorer.fitted(partial(against_background, _measure), backfill)


def _measure(row: Float64s) -> tuple[float, float]:
    """The mean, and how far above it the nearest twentieth is on average."""
    if len(row) == 0:
        return 0.0, 1.0
    count = max(1, round(_NEAREST_SHARE * len(row)))
    mean = row.mean()
    spread = np.partition(row, len(row) - count)[-count:].mean() - mean
    return float(mean), float(spread) if spread > 0 else 1.0
