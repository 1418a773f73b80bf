"""Merges that score each result list by itself, at every checkpoint anew.

While a gallery is backfilled, the waiting items are one list, ranked by the old system, and the
backfilled ones another, ranked by the new. No item is in both, and ignored items are in neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backfill.arrays import Float64s, Floats, Int8s, Int64s, UInt32s
from backfill.relevance import Relevance
from backfill.retrieval.merge.base import Backfill, Scores
from backfill.retrieval.schedule import Schedule
from backfill.retrieval.similarity import SimilarityPlan

_NEITHER = np.int8(2)


class QueryBlock(NamedTuple):
    """What is known of a block of B queries, whatever the checkpoint.

    Attributes:
        similarity: (B, M).
        columns: (2, N) where in it the similarity of a gallery item is, in either system.
        ignored_indptr: (B + 1,) as in `Relevance`, for these queries.
        ignored_indices: as in `Relevance`.
    """

    similarity: Floats
    columns: UInt32s
    ignored_indptr: Int64s
    ignored_indices: Int64s


# Yields scores (B, N) by gallery index for each (N,) entry of a sequence, one per checkpoint, that
# says which list every item is in: 0 waiting, 1 backfilled, 2 neither. May overwrite what it
# yielded. A function of a module, since workers find it by name.
ScoreLists = Callable[[QueryBlock, Sequence[Int8s]], Iterator[Float64s]]


@dataclass(frozen=True)
class ListScorer:
    """A scorer that knows at every checkpoint which items are in each list.

    Attributes:
        score: from similarities to scores.
        plan: of the similarities, by gallery index.
        schedules: one per checkpoint, of that checkpoint alone.
        relevance: says which items a query ignores.
    """

    score: ScoreLists
    plan: SimilarityPlan
    schedules: list[Schedule]
    relevance: Relevance

    @classmethod
    def of(cls, score: ScoreLists, backfill: Backfill) -> ListScorer:
        """Make the scorer of one backfill."""
        order, fraction = backfill.order, backfill.fraction
        schedules = [
            Schedule.of(order, fraction[[t]], backfill.arriving) for t in range(len(fraction))
        ]
        plan = SimilarityPlan.of(backfill.before, backfill.after, np.arange(len(order)))
        return cls(score, plan, schedules, backfill.relevance)

    def __call__(self, queries: slice) -> Iterator[Scores]:
        """Yield the scores of some queries, each block for one checkpoint after the other."""
        size, relevance = self.plan.columns.shape[1], self.relevance
        lists = [_lists(schedule) for schedule in self.schedules]
        # An item has one score, that of the list it is in.
        columns = [np.stack([s.order, s.order]).astype(np.uint32) for s in self.schedules]
        # Besides a similarity, an item may take up a score and an index in two rankings.
        for block, similarity in self.plan.blocks(queries, extra_bytes=16 * size):
            known = QueryBlock(
                similarity,
                self.plan.columns,
                relevance.ignored_indptr[block.start : block.stop + 1],
                relevance.ignored_indices,
            )
            for t, scores in enumerate(self.score(known, lists)):
                yield Scores(block, slice(t, t + 1), self.schedules[t], scores, columns[t])


def _lists(schedule: Schedule) -> Int8s:
    """Which list each gallery item is in, (N,), from the schedule of one checkpoint."""
    # Wave 0 of the schedule has switched, wave 1 has not.
    in_list = schedule.switches_at.astype(np.int8) ^ 1
    in_list[schedule.arriving & (in_list == 0)] = _NEITHER
    return in_list
