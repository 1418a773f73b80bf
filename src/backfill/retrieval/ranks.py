"""Ranks of some of the queries: what a curve is made of, computed wherever an engine runs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import get_num_threads

from backfill.arrays import Float64s, Int32s
from backfill.relevance import Relevance
from backfill.retrieval.kernel import curve_block
from backfill.retrieval.merge.base import Scorer

# Above this many checkpoints per gallery item, following every item costs less.
_FOLLOWED_FROM = 1 / 8


@dataclass(frozen=True)
class Work:
    """What the ranks of any of the queries need.

    Attributes:
        scorer: yields the scores that rank the gallery.
        relevance: of N gallery items to all queries.
        depth: last rank whose precision counts.
        checkpoints: number of them, T.
        trapezoidal: whether precision is interpolated between positives.
    """

    scorer: Scorer
    relevance: Relevance
    depth: int
    checkpoints: int
    trapezoidal: bool = False


def ranks(work: Work, queries: slice) -> tuple[Float64s, Int32s]:
    """Rank the gallery for some queries at all checkpoints.

    Args:
        work: what all queries have in common.
        queries: n consecutive ones.

    Returns:
        (n, T) average precision and (n, T) rank of the nearest positive; see
        :func:`backfill.retrieval.kernel.curve_block`.
    """
    relevance = work.relevance
    average_precision = np.empty((queries.stop - queries.start, work.checkpoints))
    best_rank = np.empty(average_precision.shape, np.int32)
    for block, checkpoints, schedule, scores, columns in work.scorer(queries):
        rows = slice(block.start - queries.start, block.stop - queries.start)
        wanted = average_precision[rows, checkpoints], best_rank[rows, checkpoints]
        precision, best = map(np.ascontiguousarray, wanted)
        curve_block(
            scores,
            columns,
            schedule,
            relevance.positive_set[block],
            relevance.positive_indptr,
            relevance.positive_indices,
            relevance.ignored_indptr[block.start : block.stop + 1],
            relevance.ignored_indices,
            work.depth,
            work.trapezoidal,
            precision.shape[1] > _FOLLOWED_FROM * relevance.gallery_size,
            get_num_threads(),
            precision,
            best,
        )
        if precision is not wanted[0]:  # a copy, since these are only some of the checkpoints
            wanted[0][:], wanted[1][:] = precision, best
    return average_precision, best_rank
