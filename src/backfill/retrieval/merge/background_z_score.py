"""Rank by standard deviations above the mean similarity to a background."""

from __future__ import annotations

import numpy as np

from backfill.arrays import Float64s
from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.background import against_background
from backfill.retrieval.merge.base import Backfill, Scorer


@MERGES.register("background_z_score")
def background_z_score(backfill: Backfill) -> Scorer:
    """Score (similarity - mean) / standard deviation, both of the query's background."""
    return against_background(_measure, backfill)


def _measure(similarity: Float64s) -> tuple[Float64s, Float64s]:
    """Mean and standard deviation; 1 for a deviation of 0."""
    spread = similarity.std(axis=1)
    return similarity.mean(axis=1), np.where(spread > 0, spread, 1.0)
