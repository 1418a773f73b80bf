"""Every rank that a backfill curve needs, counted instead of sorted.

A positive can have two similarities to a query: one while it waits, one once it is backfilled. The
2P similarities of P positives, sorted by (similarity descending, gallery index ascending), are the
only *thresholds* at which average precision changes. In each of the two systems an item of the
gallery falls into bin k if exactly k thresholds are ahead of it, and the rank of a threshold is the
number of items in the bins up to its own. A checkpoint only changes with which of its two bins an
item counts, so one table of changes, (checkpoints, bins), holds the whole curve. An item that is
new to the gallery counts with its second bin alone, from the checkpoint at which it is there.

The cost per query is one look-up per item and system, plus thresholds x checkpoints: the gallery
is never sorted.

All functions live in this one file because Numba's cache notices a change only in the file of the
function that is called. Indices in the inner loop are unsigned because Numba would otherwise test
each one for being negative.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from backfill.retrieval.schedule import Schedule

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.floating[Any]]
Float64s = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt32s = NDArray[np.uint32]

_ONE = np.uint64(1)
# Many buckets per threshold leave most buckets empty; more would not fit the first-level cache.
_BUCKETS_PER_THRESHOLD = 16
_BUCKETS_AT_LEAST = 64
# Thresholds closer together than this share one bucket: its width must stay a normal number.
_SMALLEST_SPREAD = 1e-9


class Thresholds(NamedTuple):
    """The sorted thresholds of one query, with buckets that shorten the search among them."""

    similarity: Float64s  # (K + 2,), descending, then -inf twice
    owner: Int64s  # (K,), gallery index of the positive
    ahead: UInt32s  # (buckets + 1,), number of thresholds in bucket b or a higher one
    low: float  # the similarity at which bucket 0 begins
    scale: float  # buckets per unit of similarity
    buckets: int


def compiled(**options: bool) -> Callable[[Function], Function]:
    """Numba's njit with this project's options, typed so that it keeps the signature."""
    # The numpy error model lets the divisions vectorise: no check for zero comes between them.
    decorate = njit(cache=True, nogil=True, error_model="numpy", **options)
    return cast(Callable[[Function], Function], decorate)


@compiled()
def _bucket(similarity: float, low: float, scale: float, buckets: int) -> np.uint64:
    """One of equally wide ranges of similarity; never falls as the similarity grows."""
    place = int((similarity - low) * scale)
    return np.uint64(min(max(place, 0), buckets - 1))


@compiled()
def _with_buckets(similarity: Float64s, owner: Int64s, count: int, ahead: UInt32s) -> Thresholds:
    """Fill the table `ahead` for the first `count` thresholds, and the two -inf behind them."""
    similarity[count : count + 2] = -np.inf
    buckets = _BUCKETS_PER_THRESHOLD * count + _BUCKETS_AT_LEAST
    spread = similarity[0] - similarity[count - 1]
    # Bucket 0 lies below the lowest threshold, the last one above the highest: both are empty.
    scale = (buckets - 3) / spread if spread > _SMALLEST_SPREAD else 0.0
    low = similarity[count - 1] - spread / (buckets - 3)
    bucket = buckets
    for k in range(count):
        home = int(_bucket(similarity[k], low, scale, buckets))
        ahead[home + 1 : bucket + 1] = k
        bucket = min(bucket, home)
    ahead[: bucket + 1] = count
    return Thresholds(similarity, owner, ahead, low, scale, buckets)


@compiled()
def _tally(
    row: Floats,
    column: UInt32s,
    order: Int64s,
    begin: int,
    end: int,
    thresholds: Thresholds,
    change: Int32s,
    amount: int,
) -> None:
    """Add `amount` to change[k] for each item begin..end-1 of the order, k being its bin.

    The bin is the number of thresholds strictly ahead of (similarity, gallery index).
    """
    ahead, value, owner = thresholds.ahead, thresholds.similarity, thresholds.owner
    for i in range(begin, end):
        similarity = np.float64(row[column[i]])
        bucket = _bucket(similarity, thresholds.low, thresholds.scale, thresholds.buckets)
        k = np.uint64(ahead[bucket + _ONE])
        # Two steps without a branch settle nearly every item: a mispredicted one would cost more.
        k += np.uint64(value[k] > similarity) + np.uint64(value[k + _ONE] > similarity)
        if value[k] >= similarity:
            last = np.uint64(ahead[bucket])
            while k < last:
                middle = (k + last) >> _ONE
                if value[middle] > similarity or (
                    value[middle] == similarity and owner[middle] < order[i]
                ):
                    k = middle + _ONE
                else:
                    last = middle
        change[k] += amount


@compiled()
def _unignored(positives: Int64s, ignored: Int64s, kept: Int64s) -> int:
    """Copy the positives that are not ignored (both ascending) to `kept`; return their number."""
    count, j = 0, 0
    for item in positives:
        while j < len(ignored) and ignored[j] < item:
            j += 1
        if j == len(ignored) or ignored[j] != item:
            kept[count] = item
            count += 1
    return count


@compiled()
def _scan(
    in_bin: Int32s,
    start: Int64s,
    stop: Int64s,
    depth: int,
    rank: Int32s,
    seen: Float64s,
    average_precision: Float64s,
    best_rank: Int32s,
) -> None:
    """Walk the thresholds from the nearest; threshold k is in force at start[k] <= t < stop[k].

    in_bin: (T, bins), how many items count with a bin at a checkpoint. depth: the last rank whose
    precision counts. The loops over t are the inner ones because they vectorise.
    """
    rank[:] = 0
    seen[:] = 0
    average_precision[:] = 0
    best_rank[:] = np.iinfo(np.int32).max
    for k in range(len(start)):
        for t in range(len(rank)):
            rank[t] += in_bin[t, k]
        for t in range(start[k], stop[k]):
            seen[t] += 1.0
            average_precision[t] += seen[t] / rank[t] if rank[t] <= depth else 0.0
            best_rank[t] = min(best_rank[t], rank[t])
    for t in range(len(rank)):
        average_precision[t] /= min(seen[t], np.float64(depth))  # 0 / 0 is NaN


@compiled(parallel=True)
def curve_block(
    similarity: Floats,
    columns: UInt32s,
    schedule: Schedule,
    positive_group: Int64s,
    positive_indptr: Int64s,
    positive_indices: Int64s,
    ignored_indptr: Int64s,
    ignored_indices: Int64s,
    depth: int,
    workers: int,
    average_precision: Float64s,
    best_rank: Int32s,
) -> None:
    """Average precision, and the best rank of a positive, of B queries at T checkpoints.

    similarity: (B, M), higher is nearer. The i-th item of the backfill order has the similarity
    similarity[q, columns[0, i]] while it waits and similarity[q, columns[1, i]] afterwards.
    schedule: which items are where at each checkpoint. positive_*, ignored_*: the block's
    relevance, laid out as in `Relevance`. depth: the last rank whose precision counts. workers:
    into how many tasks the block is split.
    average_precision, best_rank: (B, T), written; NaN and 0 for a query without positives, NaN
    and the largest integer at a checkpoint at which none of them is there.
    """
    queries, checkpoints = average_precision.shape
    order, position, arrival = schedule.order, schedule.position, schedule.arrival
    # Group t, edges[t]..edges[t + 1] of the order, changes at checkpoint t; group T never does.
    edges = np.empty(checkpoints + 2, np.int64)
    edges[0] = 0
    edges[1:-1] = schedule.done
    edges[-1] = len(order)
    widest = 0
    for query in range(queries):
        group = positive_group[query]
        widest = max(widest, positive_indptr[group + 1] - positive_indptr[group])

    for worker in prange(workers):
        positives = np.empty(widest, np.int64)
        unsorted = np.empty(2 * widest, np.float64)
        value = np.empty(2 * widest + 2, np.float64)
        owner = np.empty(2 * widest, np.int64)
        start = np.empty(2 * widest, np.int64)
        stop = np.empty(2 * widest, np.int64)
        ahead = np.empty(_BUCKETS_PER_THRESHOLD * 2 * widest + _BUCKETS_AT_LEAST + 1, np.uint32)
        change = np.empty((checkpoints + 1, 2 * widest + 1), np.int32)
        rank = np.empty(checkpoints, np.int32)
        seen = np.empty(checkpoints, np.float64)

        for query in range(worker, queries, workers):
            row = similarity[query]
            group = positive_group[query]
            ignored = ignored_indices[ignored_indptr[query] : ignored_indptr[query + 1]]
            count = _unignored(
                positive_indices[positive_indptr[group] : positive_indptr[group + 1]],
                ignored,
                positives,
            )
            if count == 0:
                average_precision[query] = np.nan
                best_rank[query] = 0
                continue

            # The thresholds enter by ascending gallery index, and a stable sort keeps that in ties.
            total = 2 * count
            for j in range(count):
                i = position[positives[j]]
                unsorted[2 * j] = -np.float64(row[columns[0, i]])
                unsorted[2 * j + 1] = -np.float64(row[columns[1, i]])
            ranking = np.argsort(unsorted[:total], kind="mergesort")
            for k in range(total):
                source = ranking[k]
                value[k] = -unsorted[source]
                owner[k] = positives[source >> 1]
                moved = arrival[owner[k]]
                waits = source & 1 == 0
                start[k] = 0 if waits else moved
                stop[k] = checkpoints
                if waits:
                    stop[k] = 0 if schedule.newcomer[owner[k]] else moved
            thresholds = _with_buckets(value, owner, total, ahead)

            # Waiting items are first counted as what group t takes away at checkpoint t; the sum of
            # that over t is what they bring at the first checkpoint. Ignored items are counted like
            # any other and then taken back, which spares the loop over the gallery a test.
            change[:, : total + 1] = 0
            for t in range(1, checkpoints + 1):
                end = edges[t + 1] - schedule.newcomers[t]
                _tally(row, columns[0], order, edges[t], end, thresholds, change[t], -1)
            for item in ignored:
                i = position[item]
                t = arrival[item]
                if t > 0 and not schedule.newcomer[item]:
                    _tally(row, columns[0], order, i, i + 1, thresholds, change[t], 1)
            for t in range(1, checkpoints + 1):
                for k in range(total):
                    change[0, k] -= change[t, k]

            # Backfilled items: group t arrives at checkpoint t.
            for t in range(checkpoints):
                _tally(row, columns[1], order, edges[t], edges[t + 1], thresholds, change[t], 1)
            for item in ignored:
                i = position[item]
                t = arrival[item]
                if t < checkpoints:
                    _tally(row, columns[1], order, i, i + 1, thresholds, change[t], -1)

            for t in range(1, checkpoints):
                for k in range(total):
                    change[t, k] += change[t - 1, k]
            _scan(
                change[:checkpoints],
                start[:total],
                stop[:total],
                depth,
                rank,
                seen,
                average_precision[query],
                best_rank[query],
            )
