"""Every rank that a backfill curve needs, counted instead of sorted.

A positive can have two similarities to a query: one while it waits, one once it is backfilled. The
2P similarities of P positives, sorted by (similarity descending, gallery index ascending), are the
only *thresholds* at which average precision changes. In each of the two systems an item of the
gallery falls into bin k if exactly k thresholds are ahead of it, and the rank of a threshold is the
number of items in the bins up to its own. A checkpoint only changes with which of its two bins an
item counts. An item that is new to the gallery counts with its second bin alone, from the
checkpoint at which it is there.

Nearly every bin is one look-up: similarities are cut into buckets, of which few hold a threshold.
From the bins, a table of changes, (checkpoints, bins), holds the whole curve at the cost of
thresholds x checkpoints; where these are many, every item is followed instead, which changes the
ranks between its two bins. The gallery is never sorted.

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
Bools = NDArray[np.bool_]
UInt32s = NDArray[np.uint32]

_ONE = np.uint64(1)
# Many buckets per threshold leave most buckets empty; more would not fit the first-level cache.
_BUCKETS_PER_THRESHOLD = 16
_BUCKETS_AT_LEAST = 64
# The bit of a bucket's entry that says that it holds a threshold.
_FLAG = np.uint32(31)
_COUNT = np.uint32(2**31 - 1)
# Where a bucket holds more thresholds than this, they are merge-sorted.
_SORTED_BY_INSERTION = 32
# Thresholds closer together than this share one bucket: its width must stay a normal number.
_SMALLEST_SPREAD = 1e-9


class Buckets(NamedTuple):
    """Equally wide ranges of similarity, fine enough that few hold more than one threshold."""

    low: float  # where bucket 0 begins
    scale: float  # buckets per unit of similarity
    number: int


def compiled(**options: Any) -> Callable[[Function], Function]:
    """Numba's njit with this project's options, typed so that it keeps the signature."""
    # The numpy error model lets the divisions vectorise: no check for zero comes between them.
    decorate = njit(cache=True, nogil=True, error_model="numpy", **options)
    return cast(Callable[[Function], Function], decorate)


@compiled()
def _buckets(thresholds: Float64s) -> Buckets:
    """For unsorted thresholds; those at both ends are empty: nothing is above, or below, them."""
    count = _BUCKETS_PER_THRESHOLD * len(thresholds) + _BUCKETS_AT_LEAST
    low = high = thresholds[0]
    for value in thresholds:
        low, high = min(low, value), max(high, value)
    spread = high - low
    scale = (count - 3) / spread if spread > _SMALLEST_SPREAD else 0.0
    return Buckets(low - spread / (count - 3), scale, count)


@compiled()
def _bucket(similarity: float, buckets: Buckets) -> np.uint64:
    """The bucket of a similarity; never falls as it grows."""
    place = (similarity - buckets.low) * buckets.scale
    return np.uint64(np.int64(min(max(place, 0.0), buckets.number - 1.0)))


@compiled()
def _sort(unsorted: Float64s, buckets: Buckets, ahead: UInt32s, ranking: Int64s) -> None:
    """Rank thresholds, the most similar first and ties as they come, by buckets.

    ahead: (buckets + 1,), written: how many thresholds are in bucket b or a higher one.
    ranking: (K,), written: which threshold is the k-th.
    """
    ahead[: buckets.number + 1] = 0
    for value in unsorted:
        ahead[_bucket(value, buckets)] += 1
    fullest = np.uint32(0)
    for b in range(buckets.number - 1, -1, -1):
        fullest = max(fullest, ahead[b])
        ahead[b] += ahead[b + 1]
    if fullest > _SORTED_BY_INSERTION:
        ranking[:] = np.argsort(-unsorted, kind="mergesort")
        return
    ranking[:] = -1
    for source in range(len(unsorted)):
        value = unsorted[source]
        first = k = np.int64(ahead[_bucket(value, buckets) + _ONE])
        while ranking[k] >= 0:
            k += 1
        while k > first and unsorted[ranking[k - 1]] < value:
            ranking[k] = ranking[k - 1]
            k -= 1
        ranking[k] = source


@compiled()
def _codes(row: Floats, buckets: Buckets, table: UInt32s, code: UInt32s) -> None:
    """Look every similarity's bucket up in a table: two loops, each fit for vector instructions."""
    low, scale, last = buckets.low, buckets.scale, buckets.number - 1.0
    for i in range(len(row)):
        place = (np.float64(row[i]) - low) * scale
        code[i] = np.uint32(np.int32(min(max(place, 0.0), last)))
    for i in range(len(row)):
        code[i] = table[np.uint64(code[i])]


@compiled()
def _place(
    row: Floats,
    column: UInt32s,
    order: Int64s,
    code: UInt32s,
    value: Float64s,
    owner: Int64s,
    buckets: Buckets,
    ahead: UInt32s,
    unsure: UInt32s,
    bins: UInt32s,
) -> None:
    """The bin of every item of the order: how many thresholds are ahead of (similarity, index).

    An item's bucket tells, unless it holds a threshold: then they are compared one by one.
    """
    found = np.uint64(0)
    for i in range(len(column)):
        bins[i] = code[column[i]]
        unsure[found] = i
        found += np.uint64(bins[i] >> _FLAG)
    for j in range(found):
        i = unsure[j]
        similarity = np.float64(row[column[i]])
        k = np.uint64(bins[i] & _COUNT)
        # Two steps without a branch settle nearly all: a mispredicted one would cost more.
        k += np.uint64(value[k] > similarity)
        k += np.uint64(value[k] > similarity)
        if value[k] >= similarity:
            last = np.uint64(ahead[_bucket(similarity, buckets)])
            while k < last:
                middle = (k + last) >> _ONE
                if value[middle] > similarity or (
                    value[middle] == similarity and owner[middle] < order[i]
                ):
                    k = middle + _ONE
                else:
                    last = middle
        bins[i] = k


@compiled()
def _tally(bins: UInt32s, change: Int32s, amount: int) -> None:
    """Add `amount` to change[k] for every item in bin k."""
    for k in bins:
        change[np.uint64(k)] += amount


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
def _add(row: Int32s, to: Int32s, sign: np.int32) -> None:
    for k in range(len(row)):
        to[k] += sign * row[k]


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


@compiled()
def _by_table(
    bins: UInt32s,
    schedule: Schedule,
    start: Int64s,
    stop: Int64s,
    depth: int,
    change: Int32s,
    rank: Int32s,
    seen: Float64s,
    average_precision: Float64s,
    best_rank: Int32s,
) -> None:
    """The curve from a table of changes, (T + 1, bins): of the order of N + K T steps."""
    checkpoints, total = len(rank), len(start)
    edges = schedule.edges
    for t in range(checkpoints + 1):
        change[t, : total + 1] = 0
    # Waiting items are first counted as what group t takes away at checkpoint t; the sum of that
    # over t is what they bring at the first checkpoint.
    for t in range(1, checkpoints + 1):
        _tally(bins[0, edges[t] : edges[t + 1] - schedule.newcomers[t]], change[t], -1)
    for t in range(1, checkpoints + 1):
        _add(change[t, :total], change[0], np.int32(-1))
    # Backfilled items: group t arrives at checkpoint t.
    for t in range(checkpoints):
        _tally(bins[1, edges[t] : edges[t + 1]], change[t], 1)
    for t in range(1, checkpoints):
        _add(change[t - 1, :total], change[t], np.int32(1))
    _scan(change[:checkpoints], start, stop, depth, rank, seen, average_precision, best_rank)


class Walk(NamedTuple):
    """One moment of a walk; the P thresholds in force are listed from the nearest."""

    in_bin: Int64s  # (K + 1,), how many items count with a bin
    in_force: Bools  # (K,)
    before: Int64s  # (K + 1,), how many thresholds in force are ahead of a bin
    rank: Float64s  # (P,)
    precision: Float64s  # (P,)


@compiled()
def _listed(walk: Walk, total: int, depth: float) -> tuple[int, float]:
    """List the thresholds in force anew; return their number and the sum of their precisions."""
    count, rank, precisions = 0, 0, 0.0
    for k in range(total):
        rank += walk.in_bin[k]
        walk.before[k] = count
        if walk.in_force[k]:
            walk.rank[count] = rank
            walk.precision[count] = (count + 1.0) / rank if rank <= depth else 0.0
            precisions += walk.precision[count]
            count += 1
    walk.before[total] = count
    return count, precisions


@compiled(fastmath={"reassoc"})
def _shift(walk: Walk, begin: int, end: int, amount: float, depth: float) -> float:
    """Change the ranks of a part of the list; return what the sum of precisions gains."""
    gain = 0.0
    for j in range(np.uint64(begin), np.uint64(end)):
        rank = walk.rank[j] + amount
        precision = (np.float64(j) + 1.0) / rank if rank <= depth else 0.0
        gain += precision - walk.precision[j]
        walk.rank[j] = rank
        walk.precision[j] = precision
    return gain


@compiled()
def _by_walking(
    bins: UInt32s,
    schedule: Schedule,
    waiting: Int64s,
    moved: Int64s,
    positive_at: UInt32s,
    total: int,
    depth: int,
    walk: Walk,
    average_precision: Float64s,
    best_rank: Int32s,
) -> None:
    """The curve item by item, each changing the ranks of the thresholds between its two bins.

    Its steps are N times the distance of the bins, and P times K, however many checkpoints there
    are: a positive changes which thresholds are in force.

    waiting, moved: (P,), which threshold is a positive's before and after it is backfilled.
    positive_at: (N,), which positive is the i-th item of the order, from 1; 0 if none is.
    """
    edges, checkpoints, limit = schedule.edges, len(average_precision), np.float64(depth)
    walk.in_bin[: total + 1] = 0
    walk.in_force[:total] = False
    for t in range(checkpoints + 1):
        for i in range(edges[t], edges[t + 1] - schedule.newcomers[t]):
            walk.in_bin[bins[0, i]] += 1
            if positive_at[i] > 0:
                walk.in_force[waiting[positive_at[i] - 1]] = True
    count, precisions = _listed(walk, total, limit)

    for t in range(checkpoints):
        arrivals = edges[t + 1] - schedule.newcomers[t]
        for i in range(edges[t], edges[t + 1]):
            here = int(bins[0, i]) if i < arrivals else total
            there = int(bins[1, i])
            walk.in_bin[here] -= 1
            walk.in_bin[there] += 1
            if positive_at[i] > 0:
                if i < arrivals:
                    walk.in_force[waiting[positive_at[i] - 1]] = False
                walk.in_force[moved[positive_at[i] - 1]] = True
                count, precisions = _listed(walk, total, limit)
            elif there < here:
                precisions += _shift(walk, walk.before[there], walk.before[here], 1.0, limit)
            else:
                precisions += _shift(walk, walk.before[here], walk.before[there], -1.0, limit)
        average_precision[t] = precisions / min(np.float64(count), limit)  # 0 / 0 is NaN
        best_rank[t] = np.int32(walk.rank[0]) if count else np.iinfo(np.int32).max


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
    item_by_item: bool,
    workers: int,
    average_precision: Float64s,
    best_rank: Int32s,
) -> None:
    """Average precision, and the best rank of a positive, of B queries at T checkpoints.

    similarity: (B, M), higher is nearer. The i-th item of the backfill order has the similarity
    similarity[q, columns[0, i]] while it waits and similarity[q, columns[1, i]] afterwards.
    schedule: which items are where at each checkpoint. positive_*, ignored_*: the block's
    relevance, laid out as in `Relevance`. depth: the last rank whose precision counts.
    item_by_item: whether to walk, rather than to make a table; the same curve up to rounding.
    workers: into how many tasks the block is split.
    average_precision, best_rank: (B, T), written; NaN and 0 for a query without positives, NaN
    and the largest integer at a checkpoint at which none of them is there.
    """
    queries, checkpoints = average_precision.shape
    order, position, arrival = schedule.order, schedule.position, schedule.arrival
    widest = 0
    for query in range(queries):
        group = positive_group[query]
        widest = max(widest, positive_indptr[group + 1] - positive_indptr[group])
    most = 2 * widest
    rows = 1 if item_by_item else checkpoints + 1

    for worker in prange(workers):
        positives = np.empty(widest, np.int64)
        unsorted = np.empty(most, np.float64)
        ranking = np.empty(most, np.int64)
        value = np.empty(most + 2, np.float64)
        owner = np.empty(most, np.int64)
        start = np.empty(most, np.int64)
        stop = np.empty(most, np.int64)
        waiting = np.empty(widest, np.int64)
        moved = np.empty(widest, np.int64)
        ahead = np.empty(_BUCKETS_PER_THRESHOLD * most + _BUCKETS_AT_LEAST + 1, np.uint32)
        table = np.empty(len(ahead), np.uint32)
        code = np.empty(similarity.shape[1], np.uint32)
        unsure = np.empty(len(order) + 1, np.uint32)
        bins = np.empty((2, len(order)), np.uint32)
        positive_at = np.zeros(len(order), np.uint32)
        change = np.empty((rows, most + 1), np.int32)
        rank = np.empty(rows - 1, np.int32)
        seen = np.empty(rows - 1, np.float64)
        walk = Walk(
            np.empty(most + 1, np.int64),
            np.empty(most, np.bool_),
            np.empty(most + 1, np.int64),
            np.empty(widest, np.float64),
            np.empty(widest, np.float64),
        )

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

            # The thresholds enter by ascending gallery index, which decides ties.
            total = 2 * count
            for j in range(count):
                i = position[positives[j]]
                unsorted[2 * j] = row[columns[0, i]]
                unsorted[2 * j + 1] = row[columns[1, i]]
            buckets = _buckets(unsorted[:total])
            _sort(unsorted[:total], buckets, ahead, ranking[:total])
            for k in range(total):
                source = ranking[k]
                value[k] = unsorted[source]
                owner[k] = positives[source >> 1]
                moves = arrival[owner[k]]
                if source & 1 == 0:
                    waiting[source >> 1] = k
                    start[k] = 0
                    stop[k] = 0 if schedule.newcomer[owner[k]] else moves
                else:
                    moved[source >> 1] = k
                    start[k] = moves
                    stop[k] = checkpoints
            value[total : total + 2] = -np.inf

            for b in range(buckets.number):
                table[b] = ahead[b + 1] | (np.uint32(ahead[b] != ahead[b + 1]) << _FLAG)
            _codes(row, buckets, table, code)
            for side in range(2):
                _place(
                    row,
                    columns[side],
                    order,
                    code,
                    value,
                    owner,
                    buckets,
                    ahead,
                    unsure,
                    bins[side],
                )
            for item in ignored:  # behind every threshold, where nothing counts them
                bins[:, position[item]] = total

            if item_by_item:
                for j in range(count):
                    positive_at[position[positives[j]]] = j + 1
                _by_walking(
                    bins,
                    schedule,
                    waiting,
                    moved,
                    positive_at,
                    total,
                    depth,
                    walk,
                    average_precision[query],
                    best_rank[query],
                )
                for j in range(count):
                    positive_at[position[positives[j]]] = 0
            else:
                _by_table(
                    bins,
                    schedule,
                    start[:total],
                    stop[:total],
                    depth,
                    change,
                    rank,
                    seen,
                    average_precision[query],
                    best_rank[query],
                )
