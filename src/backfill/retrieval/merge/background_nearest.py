"""Rank by how far a similarity is on the way from a background's mean to its nearest items."""

from __future__ import annotations

import numpy as np

from backfill.arrays import Float64s
from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.background import against_background
from backfill.retrieval.merge.base import Backfill, Scorer

_NEAREST_SHARE = 0.05


@MERGES.register("background_nearest")
def background_nearest(backfill: Backfill) -> Scorer:
    """Score (similarity - mean) / (mean of the nearest twentieth - mean), all of the background.

    Only the nearest items of the background look like matches, and it is there that the two systems
    must agree. The others, which determine the standard deviation, may spread as they like.
    """
    return against_background(nearest_twentieth, backfill)


def nearest_twentieth(similarity: Float64s) -> tuple[Float64s, Float64s]:
    """Find the mean of (Q, n) similarities, and how far above it their nearest twentieth is.

    Returns:
        (Q,) means, and (Q,) distances, 1 where there is none.
    """
    items = similarity.shape[1]
    count = max(1, round(_NEAREST_SHARE * items))
    mean = similarity.mean(axis=1)
    nearest = np.partition(similarity, items - count, axis=1)[:, items - count :]
    spread = nearest.mean(axis=1) - mean
    return mean, np.where(spread > 0, spread, 1.0)
