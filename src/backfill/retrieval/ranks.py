"""Ranks of a part of the queries: what a curve is made of, computed wherever an engine says."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from backfill.relevance import Relevance
from backfill.retrieval import calibrating, merging
from backfill.retrieval.calibrating import Calibration, Map
from backfill.retrieval.kernel import curve_block
from backfill.retrieval.schedule import Schedule
from backfill.retrieval.similarity import Floats, Pair, SimilarityPlan

Bools = NDArray[np.bool_]
Float64s = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt32s = NDArray[np.uint32]

# Above this many checkpoints for each item of the gallery, following every item costs less.
_FOLLOWED_FROM = 1 / 8


@dataclass(frozen=True)
class Work:
    """What the curve of any of the queries needs.

    schedules: one of all checkpoints, or one of each. maps: of either system, to its scores.
    """

    merge: str
    plan: SimilarityPlan
    relevance: Relevance
    schedules: list[Schedule]
    maps: list[Map]
    depth: int
    checkpoints: int

    @classmethod
    def of(
        cls,
        merge: str,
        pairs: tuple[Pair, Pair],
        relevance: Relevance,
        order: Int64s,
        fraction: Float64s,
        newcomer: Bools,
        calibration: Calibration,
        depth: int,
    ) -> "Work":
        """Prepare what parts have in common; arguments as in :func:`curve.backfill_curve`."""
        if merge in merging.MERGES:
            # An item's score depends on what else is in its list: each checkpoint is a curve by
            # itself. Scores are by gallery index.
            schedules = [Schedule.of(order, fraction[[t]], newcomer) for t in range(len(fraction))]
            plan, maps = SimilarityPlan.of(*pairs, np.arange(len(order))), []
        else:
            schedules = [Schedule.of(order, fraction, newcomer)]
            maps = [
                calibrating.fit(merge, pair, relevance, ~newcomer, calibration)
                for pair in (pairs if merge != "distance" else ())
            ]
            plan = SimilarityPlan.of(*pairs, schedules[0].order, apart=bool(maps))
        return cls(merge, plan, relevance, schedules, maps, depth, len(fraction))


def ranks(work: Work, part: slice) -> tuple[Float64s, Int32s]:
    """Average precision, and the best rank of a positive, (part, T), of a part of the queries."""
    relevance, size = work.relevance, len(work.schedules[0].order)
    average_precision = np.empty((part.stop - part.start, work.checkpoints))
    best_rank = np.empty(average_precision.shape, np.int32)
    pieces = _checkpoint_by_checkpoint if work.merge in merging.MERGES else _all_checkpoints
    for block, times, schedule, similarity, columns in pieces(work, part):
        rows = slice(block.start - part.start, block.stop - part.start)
        wanted = average_precision[rows, times], best_rank[rows, times]
        precision, best = map(np.ascontiguousarray, wanted)
        curve_block(
            similarity,
            columns,
            schedule,
            relevance.positive_group[block],
            relevance.positive_indptr,
            relevance.positive_indices,
            relevance.ignored_indptr[block.start : block.stop + 1],
            relevance.ignored_indices,
            work.depth,
            precision.shape[1] > _FOLLOWED_FROM * size,
            get_num_threads(),
            precision,
            best,
        )
        if precision is not wanted[0]:  # of some checkpoints only
            wanted[0][:], wanted[1][:] = precision, best
    return average_precision, best_rank


# What the kernel is given: queries, checkpoints, their schedule, similarities (B, M), columns.
Piece = tuple[slice, slice, Schedule, Floats, UInt32s]


def _all_checkpoints(work: Work, part: slice) -> Iterator[Piece]:
    """An item's similarity, or calibrated score, in a system is the same at all checkpoints."""
    (schedule,), everywhere, plan = work.schedules, slice(None), work.plan
    cut = len(plan.products[0][1])
    for block, similarity in plan.blocks(part, extra_bytes=8 * plan.width if work.maps else 0):
        scores = similarity
        if work.maps:
            scores = np.empty(similarity.shape)
            scores[:, :cut] = work.maps[0](block, similarity[:, :cut])
            scores[:, cut:] = work.maps[1](block, similarity[:, cut:])
        yield block, everywhere, schedule, scores, plan.columns


def _checkpoint_by_checkpoint(work: Work, part: slice) -> Iterator[Piece]:
    """An item has one score, that of the list it is in."""
    columns = [np.stack([s.order, s.order]).astype(np.uint32) for s in work.schedules]
    for block, t, scores in merging.merged_scores(
        work.merge, work.plan, part, work.relevance, work.schedules
    ):
        yield block, slice(t, t + 1), work.schedules[t], scores, columns[t]
