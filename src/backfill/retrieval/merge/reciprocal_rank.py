"""Rank by the reciprocal of an item's rank in its own list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numba import get_num_threads, prange

from backfill.arrays import Float64s, Floats, Int8s, Int32s, Int64s, UInt32s
from backfill.retrieval.kernel import compiled
from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.base import Backfill, Scorer
from backfill.retrieval.merge.lists import ListScorer, QueryBlock


@MERGES.register("reciprocal_rank")
def reciprocal_rank(backfill: Backfill) -> Scorer:
    """Score 1 / (60 + rank in the item's own list).

    Two lists that share no item are interleaved, whatever the constant is.

    Source:
        Cormack, Clarke & Buettcher, Reciprocal Rank Fusion Outperforms Condorcet and Individual
        Rank Learning Methods, SIGIR 2009.
    """
    return ListScorer.of(_scores, backfill)


def _scores(block: QueryBlock, lists: Sequence[Int8s]) -> Iterator[Float64s]:
    """Yield minus the rank, which ranks as its reciprocal does; see `ScoreLists`."""
    shape = len(block.similarity), block.columns.shape[1]
    scores, ranking = np.empty(shape), np.empty((2, *shape), np.int32)
    workers = get_num_threads()
    _sort(block.similarity, block.columns, workers, ranking)
    for in_list in lists:
        _rank(ranking, in_list, block.ignored_indptr, block.ignored_indices, workers, scores)
        yield scores


@compiled(parallel=True)
def _sort(similarity: Floats, columns: UInt32s, workers: int, ranking: Int32s) -> None:
    """Sort the whole gallery by each system, nearest first, ties by gallery index.

    Args:
        similarity: (B, M).
        columns: (2, N) by gallery index.
        workers: number of tasks into which the block is split.
        ranking: (2, B, N) gallery indices, written.
    """
    queries, size = ranking.shape[1:]
    for worker in prange(workers):
        away = np.empty(size, similarity.dtype)
        for query in range(worker, queries, workers):
            for system in range(2):
                for item in range(size):
                    away[item] = -similarity[query, columns[system, item]]
                ranking[system, query] = np.argsort(away, kind="mergesort")


@compiled(parallel=True)
def _rank(
    ranking: Int32s,
    in_list: Int8s,
    ignored_indptr: Int64s,
    ignored_indices: Int64s,
    workers: int,
    scores: Float64s,
) -> None:
    """Count the ranks within each list.

    Args:
        ranking: (2, B, N) of the whole gallery.
        in_list: (N,) 0 or 1, the list of each item, or 2.
        ignored_indptr: (B + 1,) as in `Relevance`.
        ignored_indices: as in `Relevance`.
        workers: number of tasks into which the block is split.
        scores: (B, N) minus the ranks, written.
    """
    queries, size = scores.shape
    for worker in prange(workers):
        own = np.empty(size, np.int8)
        for query in range(worker, queries, workers):
            own[:] = in_list
            for item in ignored_indices[ignored_indptr[query] : ignored_indptr[query + 1]]:
                own[item] = 2
            scores[query] = 0.0
            for system in range(2):
                rank = 0
                for item in ranking[system, query]:
                    if own[item] == system:
                        rank += 1
                        scores[query, item] = -float(rank)
