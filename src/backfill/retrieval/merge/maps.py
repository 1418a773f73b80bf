"""Merges that map each system's similarity to a common scale, by maps fitted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from backfill.arrays import Float64s, Floats, System
from backfill.retrieval.merge.base import Backfill, Scores
from backfill.retrieval.schedule import Schedule
from backfill.retrieval.similarity import SimilarityPlan

# From the queries of a block and their similarities (B, M) in a system to scores (B, M). It rises
# with the similarity, and is picklable.
Map = Callable[[slice, Floats], Float64s]
# Fits the map of one system of a backfill. Arrivals are not to be used: they are not there yet.
Fit = Callable[[System, Backfill], Map]


@dataclass(frozen=True)
class MapScorer:
    """A scorer with one map per system.

    Attributes:
        plan: of the similarities.
        schedule: of all checkpoints; an item's score in a system is the same at each of them.
        maps: of the systems before and after.
    """

    plan: SimilarityPlan
    schedule: Schedule
    maps: tuple[Map, Map]

    @classmethod
    def fitted(cls, fit: Fit, backfill: Backfill) -> MapScorer:
        """Fit the map of each system."""
        return cls.of((fit(backfill.before, backfill), fit(backfill.after, backfill)), backfill)

    @classmethod
    def of(cls, maps: tuple[Map, Map], backfill: Backfill) -> MapScorer:
        """Make the scorer of one backfill with these maps."""
        schedule = Schedule.of(backfill.order, backfill.fraction, backfill.arriving)
        # Equal queries do not make the systems' scores equal: each has its own map.
        plan = SimilarityPlan.of(backfill.before, backfill.after, schedule.order, apart=True)
        return cls(plan, schedule, maps)

    def __call__(self, queries: slice) -> Iterator[Scores]:
        """Yield the scores of some queries, each block for all checkpoints at once."""
        plan, cut = self.plan, len(self.plan.products[0].gallery)
        for block, similarity in plan.blocks(queries, extra_bytes=8 * plan.width):
            scores = np.empty(similarity.shape)
            scores[:, :cut] = self.maps[0](block, similarity[:, :cut])
            scores[:, cut:] = self.maps[1](block, similarity[:, cut:])
            yield Scores(block, slice(None), self.schedule, scores, plan.columns)
