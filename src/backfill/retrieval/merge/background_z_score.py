"""Rank by standard deviations above the mean similarity to a background."""

from __future__ import annotations

from functools import partial

from backfill.arrays import Float64s
from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.background import against_background
from backfill.retrieval.merge.base import Backfill, Scorer
from backfill.retrieval.merge.maps import MapScorer


@MERGES.register("background_z_score")
def background_z_score(backfill: Backfill) -> Scorer:
    """Score (similarity - mean) / standard deviation, both of the query's background."""
    return MapScorer.fitted(partial(against_background, _measure), backfill)


def _measure(row: Float64s) -> tuple[float, float]:
    """Mean and standard deviation; 0 and 1 for what is undefined."""
    if len(row) == 0:
        return 0.0, 1.0
    spread = float(row.std())
    return float(row.mean()), spread if spread > 0 else 1.0
