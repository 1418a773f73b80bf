"""What users do to merge two result lists: scores from each list alone, at that moment.

While a gallery is backfilled, the waiting items are one list, ranked by the old system, and the
backfilled ones another, ranked by the new; no item is in both. A list's scores depend on which
items it has, so every checkpoint is scored anew.

- `reciprocal_rank`: 1 / (60 + rank), rank being the place in the item's own list (Cormack, Clarke &
  Buettcher, SIGIR 2009). With lists that share no item, every constant gives one result: the lists
  interleaved.
- `min_max`: (similarity - lowest) / (highest - lowest) of the query's own list.
- `z_score`: (similarity - mean) / standard deviation of the query's own list.

The last two would say the same of squared distances, 2 - 2 similarity. A list whose items are all
equally near scores 1 by `min_max`, 0 by `z_score`. Ignored items are in no list.
"""

from collections.abc import Iterator

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from backfill.relevance import Relevance
from backfill.retrieval.kernel import compiled
from backfill.retrieval.schedule import Schedule
from backfill.retrieval.similarity import Floats, SimilarityPlan

MERGES = ("reciprocal_rank", "min_max", "z_score")

Float64s = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Int8s = NDArray[np.int8]
UInt32s = NDArray[np.uint32]

_NO_LIST = np.int8(2)


def merged_scores(
    merge: str, plan: SimilarityPlan, part: slice, relevance: Relevance, schedules: list[Schedule]
) -> Iterator[tuple[slice, int, Float64s]]:
    """Yield (queries, checkpoint, scores (B, N)) by gallery index; the next one overwrites them.

    plan: of both systems, by gallery index. part: of the queries. schedules: one a checkpoint, of
    that one alone.
    """
    size = plan.columns.shape[1]
    workers = get_num_threads()
    lists = [_lists(schedule) for schedule in schedules]
    # Beside a similarity, an item has a score and, for its rank, a place in two rankings.
    for block, similarity in plan.blocks(part, extra_bytes=16 * size):
        ignored = relevance.ignored_indptr[block.start : block.stop + 1], relevance.ignored_indices
        scores = np.empty((len(similarity), size))
        if merge == "reciprocal_rank":
            ranking = np.empty((2, len(similarity), size), np.int32)
            _rank(similarity, plan.columns, workers, ranking)
        for t, in_list in enumerate(lists):
            if merge == "reciprocal_rank":
                _score_by_rank(ranking, in_list, *ignored, workers, scores)
            else:
                _score_by_spread(
                    similarity,
                    plan.columns,
                    in_list,
                    *ignored,
                    merge == "z_score",
                    workers,
                    scores,
                )
            yield block, t, scores


def _lists(schedule: Schedule) -> Int8s:
    """The list of each gallery item at a single checkpoint: 0 waiting, 1 backfilled, or neither."""
    in_list = schedule.arrival.astype(np.int8) ^ 1
    in_list[schedule.newcomer & (in_list == 0)] = _NO_LIST
    return in_list


@compiled(parallel=True)
def _rank(similarity: Floats, columns: UInt32s, workers: int, ranking: Int32s) -> None:
    """Sort the whole gallery by each system, nearest first, ties by gallery index.

    similarity: (B, M); columns: (2, N), by gallery index. ranking: (2, B, N), written.
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
def _score_by_rank(
    ranking: Int32s,
    in_list: Int8s,
    ignored_indptr: Int64s,
    ignored_indices: Int64s,
    workers: int,
    scores: Float64s,
) -> None:
    """Minus the rank of each item in its own list, which sorts as 1 / (60 + rank) does.

    ranking: (2, B, N), of the whole gallery. in_list: (N,). scores: (B, N), written.
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


@compiled(parallel=True)
def _score_by_spread(
    similarity: Floats,
    columns: UInt32s,
    in_list: Int8s,
    ignored_indptr: Int64s,
    ignored_indices: Int64s,
    by_deviation: bool,
    workers: int,
    scores: Float64s,
) -> None:
    """Shift and scale each list of each query: `z_score` with by_deviation, else `min_max`.

    similarity: (B, M); columns: (2, N), by gallery index; in_list: (N,). scores: (B, N), written.
    """
    queries, size = scores.shape
    for worker in prange(workers):
        own = np.empty(size, np.int8)
        for query in range(worker, queries, workers):
            row = similarity[query]
            own[:] = in_list
            for item in ignored_indices[ignored_indptr[query] : ignored_indptr[query + 1]]:
                own[item] = 2
            scores[query] = 0.0
            for system in range(2):
                count, total, low, high = 0, 0.0, np.inf, -np.inf
                for item in range(size):
                    if own[item] == system:
                        value = np.float64(row[columns[system, item]])
                        count += 1
                        total += value
                        low = min(low, value)
                        high = max(high, value)
                if low >= high or count == 0:
                    level = 0.0 if by_deviation else 1.0
                    for item in range(size):
                        if own[item] == system:
                            scores[query, item] = level
                    continue
                origin, unit = low, high - low
                if by_deviation:
                    origin, unit = total / count, 0.0
                    for item in range(size):
                        if own[item] == system:
                            unit += (np.float64(row[columns[system, item]]) - origin) ** 2
                    unit = np.sqrt(unit / count)
                for item in range(size):
                    if own[item] == system:
                        value = np.float64(row[columns[system, item]])
                        scores[query, item] = (value - origin) / unit
