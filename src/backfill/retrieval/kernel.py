"""Every rank that a backfill curve needs, counted instead of sorted.

A positive can have two similarities to a query: one while it waits, one once it is backfilled. The
2P similarities of P positives, sorted by (similarity descending, gallery index ascending), are the
only *thresholds* at which average precision changes. In each of the two systems an item of the
gallery falls into bin k if exactly k thresholds are ahead of it, and the rank of a threshold is the
number of items in the bins up to its own. A checkpoint only changes with which of its two bins an
item counts. An item that is new to the gallery counts with its second bin alone, from the
checkpoint at which it is there.

Nearly every bin is one look-up: similarities are cut into buckets, of which few hold a threshold.
An item that changes moves from bin to bin, after which each checkpoint lists the ranks anew at the
cost of the thresholds; where checkpoints are many, every item changes the ranks between its two
bins in the list instead. The gallery is never sorted.

All functions live in this one file because Numba's cache notices a change only in the file of the
function that is called. Indices in the inner loop are unsigned because Numba would otherwise test
each one for being negative. What runs at every checkpoint is inlined, and each such function is one
loop: passing arrays, and counting the references to those that several loops use, cost more than
the loops.
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


class Ranking(NamedTuple):
    """One moment of a backfill; the at most P thresholds in force are listed from the nearest."""

    in_bin: Int64s  # (K + 1,), how many items count with a bin
    in_force: Int64s  # (K,), 1 or 0
    before: Int64s  # (K + 1,), how many thresholds in force are ahead of a bin
    rank: Int64s  # (P + 1,), the last is room to write
    precision: Float64s  # (P,)


@compiled(forceinline=True)
def _tally(bins: UInt32s, now: Ranking, amount: int) -> None:
    """Add `amount` for every item to its bin."""
    for k in bins:
        now.in_bin[np.uint64(k)] += amount


@compiled(forceinline=True)
def _enforce(start: Int32s, stop: Int32s, t: np.int32, now: Ranking) -> None:
    """Put the thresholds in force that are so at checkpoint t: start[k] <= t < stop[k]."""
    for k in range(np.uint64(len(start))):
        now.in_force[k] = (start[k] <= t) & (t < stop[k])


@compiled(forceinline=True)
def _rank(total: int, now: Ranking) -> int:
    """List the ranks of the thresholds in force; return their number."""
    count, rank = 0, 0
    for k in range(np.uint64(total)):
        rank += now.in_bin[k]
        now.rank[np.uint64(count)] = rank  # overwritten by the next one unless k is in force
        count += now.in_force[k]
    return count


@compiled(forceinline=True)
def _locate(total: int, now: Ranking) -> None:
    """Find where each bin is in the list of the thresholds in force."""
    count = 0
    for k in range(np.uint64(total)):
        now.before[k] = count
        count += now.in_force[k]
    now.before[total] = count


@compiled(forceinline=True, fastmath={"reassoc"})
def _shift(now: Ranking, begin: int, end: int, amount: int, depth: int) -> float:
    """Change the ranks of a part of the list; return what the sum of precisions gains."""
    gain = 0.0
    for j in range(np.uint64(begin), np.uint64(end)):
        rank = now.rank[j] + amount
        precision = (np.float64(j) + 1.0) / rank if rank <= depth else 0.0
        gain += precision - now.precision[j]
        now.rank[j] = rank
        now.precision[j] = precision
    return gain


@compiled()
def _follow(
    bins: UInt32s,
    schedule: Schedule,
    positive: Bools,
    start: Int32s,
    stop: Int32s,
    depth: int,
    item_by_item: bool,
    now: Ranking,
    average_precision: Float64s,
    best_rank: Int32s,
) -> None:
    """The curve of one query.

    Of the order of N + K T steps, or, item by item, of N times the distance of the bins and P K: a
    positive changes which thresholds are in force, so that they are listed anew.

    bins: (2, N), of the items in their order. positive: (N,), which of these are positives.
    """
    edges, total = schedule.edges, len(start)
    for t in range(len(edges) - 1):  # the absent ones: behind every threshold
        for i in range(edges[t + 1] - schedule.newcomers[t], edges[t + 1]):
            bins[0, i] = total
    now.in_bin[: total + 1] = 0
    _tally(bins[0], now, 1)
    count, precisions = 0, 0.0
    for t in range(len(average_precision)):
        first, last = edges[t], edges[t + 1]
        listed = item_by_item and t > 0
        if item_by_item:
            for i in range(first, last):
                here, there = np.uint64(bins[0, i]), np.uint64(bins[1, i])
                now.in_bin[here] -= 1
                now.in_bin[there] += 1
                listed = listed and not positive[i]  # which changes what is in force
                if listed:
                    begin, end = now.before[min(here, there)], now.before[max(here, there)]
                    precisions += _shift(now, begin, end, 1 if there < here else -1, depth)
        else:
            _tally(bins[0, first:last], now, -1)
            _tally(bins[1, first:last], now, 1)
        if not listed:
            _enforce(start, stop, np.int32(t), now)
            count = _rank(total, now)
            now.precision[:count] = 0
            precisions = _shift(now, 0, count, 0, depth)
            if item_by_item:
                _locate(total, now)
        average_precision[t] = precisions / np.float64(min(count, depth))  # 0 / 0 is NaN
        best_rank[t] = now.rank[0] if count else np.iinfo(np.int32).max


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
    item_by_item: whether each item changes the list of ranks, rather than each checkpoint making it
    anew; the same curve up to rounding.
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

    for worker in prange(workers):
        positives = np.empty(widest, np.int64)
        unsorted = np.empty(most, np.float64)
        ranking = np.empty(most, np.int64)
        value = np.empty(most + 2, np.float64)
        owner = np.empty(most, np.int64)
        start = np.empty(most, np.int32)
        stop = np.empty(most, np.int32)
        ahead = np.empty(_BUCKETS_PER_THRESHOLD * most + _BUCKETS_AT_LEAST + 1, np.uint32)
        table = np.empty(len(ahead), np.uint32)
        code = np.empty(similarity.shape[1], np.uint32)
        unsure = np.empty(len(order) + 1, np.uint32)
        bins = np.empty((2, len(order)), np.uint32)
        positive = np.zeros(len(order), np.bool_)
        now = Ranking(
            np.empty(most + 1, np.int64),
            np.empty(most, np.int64),
            np.empty(most + 1, np.int64),
            np.empty(widest + 1, np.int64),
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
                    start[k] = 0
                    stop[k] = 0 if schedule.newcomer[owner[k]] else moves
                else:
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

            for j in range(count):
                positive[position[positives[j]]] = True
            _follow(
                bins,
                schedule,
                positive,
                start[:total],
                stop[:total],
                depth,
                item_by_item,
                now,
                average_precision[query],
                best_rank[query],
            )
            for j in range(count):
                positive[position[positives[j]]] = False
