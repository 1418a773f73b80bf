"""Rank both systems' items by their distance as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.base import Backfill, Scorer, Scores
from backfill.retrieval.schedule import Schedule
from backfill.retrieval.similarity import SimilarityPlan


@MERGES.register("distance")
def distance(backfill: Backfill) -> Scorer:
    """Score an item by minus its squared Euclidean distance, which ranks as the cosine does.

    Source:
        Rank merge (Seo et al., WACV 2025), eq. 3 to 5.
    """
    schedule = Schedule.of(backfill.order, backfill.fraction, backfill.arriving)
    return _Similarities(
        SimilarityPlan.of(backfill.before, backfill.after, schedule.order), schedule
    )


@dataclass(frozen=True)
class _Similarities:
    """A scorer that leaves similarities as they are."""

    plan: SimilarityPlan
    schedule: Schedule

    def __call__(self, queries: slice) -> Iterator[Scores]:
        for block, similarity in self.plan.blocks(queries):
            yield Scores(block, slice(None), self.schedule, similarity, self.plan.columns)
