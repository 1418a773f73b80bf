"""Rank by standard deviations above the mean similarity of a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numba import get_num_threads, prange

from backfill.arrays import Float64s, Floats, Int8s, Int64s, UInt32s
from backfill.retrieval.kernel import compiled
from backfill.retrieval.merge import MERGES
from backfill.retrieval.merge.base import Backfill, Scorer
from backfill.retrieval.merge.lists import ListScorer, QueryBlock


@MERGES.register("z_score")
def z_score(backfill: Backfill) -> Scorer:
    """Score (similarity - mean) / standard deviation of the query's own list.

    If all items of a list are equally near, each scores 0. Squared distances, 2 - 2 similarity,
    would give the same scores.
    """
    return ListScorer.of(_scores, backfill)


def _scores(block: QueryBlock, lists: Sequence[Int8s]) -> Iterator[Float64s]:
    """Yield the scores at each checkpoint; see `ScoreLists`."""
    scores = np.empty((len(block.similarity), block.columns.shape[1]))
    for in_list in lists:
        _scale(*block, in_list, get_num_threads(), scores)
        yield scores


@compiled(parallel=True)
def _scale(
    similarity: Floats,
    columns: UInt32s,
    ignored_indptr: Int64s,
    ignored_indices: Int64s,
    in_list: Int8s,
    workers: int,
    scores: Float64s,
) -> None:
    """Shift and scale each list of each query.

    Args:
        similarity: (B, M).
        columns: (2, N) by gallery index.
        ignored_indptr: (B + 1,) as in `Relevance`.
        ignored_indices: as in `Relevance`.
        in_list: (N,) 0 or 1, the list of each item, or 2.
        workers: number of tasks into which the block is split.
        scores: (B, N) written.
    """
    queries, size = scores.shape
    for worker in prange(workers):
        own = np.empty(size, np.int8)
        for query in range(worker, queries, workers):
            row = similarity[query]
            own[:] = in_list
            for item in ignored_indices[ignored_indptr[query] : ignored_indptr[query + 1]]:
                own[item] = 2
            scores[query] = 0.0  # which is right already for lists that are flat
            for system in range(2):
                count, total, low, high = 0, 0.0, np.inf, -np.inf
                for item in range(size):
                    if own[item] == system:
                        value = np.float64(row[columns[system, item]])
                        count += 1
                        total += value
                        low = min(low, value)
                        high = max(high, value)
                if low >= high:
                    continue
                mean, deviation = total / count, 0.0
                for item in range(size):
                    if own[item] == system:
                        deviation += (np.float64(row[columns[system, item]]) - mean) ** 2
                deviation = np.sqrt(deviation / count)
                for item in range(size):
                    if own[item] == system:
                        value = np.float64(row[columns[system, item]])
                        scores[query, item] = (value - mean) / deviation
