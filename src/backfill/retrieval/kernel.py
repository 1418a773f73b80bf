"""Every rank that a backfill curve needs, counted instead of sorted.

A positive can have two similarities to a query: one while it waits, one once it is backfilled. The
2P similarities of P positives, sorted by (similarity descending, gallery index ascending), are the
only *thresholds* at which average precision changes. In either system an item of the gallery falls
into bin k if exactly k thresholds are ahead of it, and the rank of a threshold is the number of
items in the bins up to its own. A checkpoint only changes with which of its two bins an item
counts. An item that arrives during the backfill counts only with its second bin, from the
checkpoint at which it comes.

Almost every bin takes one look-up: similarities are cut into buckets, few of which hold a
threshold. Items that switch move from bin to bin, and each checkpoint then lists the ranks anew, at
the cost of the thresholds. If there are many checkpoints, each item instead corrects the listed
ranks between its two bins. The gallery is never sorted.

All functions are in this one file because Numba's cache notices changes only in the file of the
function that is called. Indices in the inner loop are unsigned because Numba would otherwise test
each one for being negative. What runs at every checkpoint is inlined, and each such function is one
loop: passing arrays, and counting references to those that several loops use, cost more than the
loops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit, prange

from backfill.arrays import Bools, Float64s, Floats, Int32s, Int64s, UInt32s
from backfill.retrieval.schedule import Schedule

Function = TypeVar("Function", bound=Callable[..., Any])

_ONE = np.uint64(1)
# Many buckets per threshold leave most buckets empty; more would not fit the first-level cache.
_BUCKETS_PER_THRESHOLD = 16
_BUCKETS_AT_LEAST = 64
# The bit of a bucket's entry that is set if the bucket holds a threshold.
_FLAG = np.uint32(31)
_COUNT = np.uint32(2**31 - 1)
# If a bucket holds more thresholds than this, all of them are merge-sorted.
_SORTED_BY_INSERTION = 32
# Thresholds that are all closer together than this share one bucket, whose width must stay a normal
# number.
_SMALLEST_SPREAD = 1e-9


class Buckets(NamedTuple):
    """Equally wide ranges of similarity, so narrow that few hold more than one threshold.

    Attributes:
        low: where bucket 0 begins.
        scale: buckets per unit of similarity.
        number: of buckets.
    """

    low: float
    scale: float
    number: int


def compiled(**options: Any) -> Callable[[Function], Function]:
    """Numba's njit with this project's options, typed to keep the signature."""
    # With NumPy's error model no check for zero interrupts the divisions, so that they vectorise.
    decorate = njit(cache=True, nogil=True, error_model="numpy", **options)
    return cast(Callable[[Function], Function], decorate)


@compiled()
def _buckets(thresholds: Float64s) -> Buckets:
    """Buckets for unsorted thresholds; no threshold falls into the first or the last of them."""
    count = _BUCKETS_PER_THRESHOLD * len(thresholds) + _BUCKETS_AT_LEAST
    low = high = thresholds[0]
    for value in thresholds:
        low, high = min(low, value), max(high, value)
    spread = high - low
    scale = (count - 3) / spread if spread > _SMALLEST_SPREAD else 0.0
    return Buckets(low - spread / (count - 3), scale, count)


@compiled()
def _bucket(similarity: float, buckets: Buckets) -> np.uint64:
    """The bucket of a similarity; it never falls as the similarity grows."""
    scaled = (similarity - buckets.low) * buckets.scale
    return np.uint64(np.int64(min(max(scaled, 0.0), buckets.number - 1.0)))


@compiled()
def _sort(unsorted: Float64s, buckets: Buckets, ahead: UInt32s, ranking: Int64s) -> None:
    """Sort thresholds, the most similar first and ties as they come, by buckets.

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
    """Look up the bucket of every similarity in a table, in two loops that vectorise."""
    low, scale, last = buckets.low, buckets.scale, buckets.number - 1.0
    for i in range(len(row)):
        scaled = (np.float64(row[i]) - low) * scale
        code[i] = np.uint32(np.int32(min(max(scaled, 0.0), last)))
    for i in range(len(row)):
        code[i] = table[np.uint64(code[i])]


@compiled()
def _assign_bins(
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
    """Find the bin of every item: how many thresholds are ahead of its (similarity, index).

    The bucket of an item tells, unless it holds a threshold. Then they are compared one by one.

    Args:
        row: (M,) similarities.
        column: (N,) where in the row the similarity of the i-th item of the order is.
        order: (N,) gallery indices.
        code: (M,) entry of each similarity's bucket.
        value: (K + 2,) thresholds in falling order, and two that nothing is behind.
        owner: (K,) gallery index of the positive that each threshold belongs to.
        buckets: of the thresholds.
        ahead: (buckets + 1,) how many thresholds are in bucket b or a higher one.
        unsure: (N + 1,) room to write.
        bins: (N,) written.
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
        # Two steps without a branch settle almost all; a branch predicted wrongly would cost more.
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
    """One moment of a backfill.

    At most P of the K thresholds are in force: those of the similarities that positives have at
    this moment. They are listed from the nearest.

    Attributes:
        in_bin: (K + 1,) how many items count with a bin.
        in_force: (K,) 1 for a threshold in force, else 0.
        before: (K + 1,) how many thresholds in force are ahead of a bin.
        rank: (P + 1,) rank of each threshold in the list; the last entry is room to write.
        precision: (P,) precision at each of these ranks.
    """

    in_bin: Int64s
    in_force: Int64s
    before: Int64s
    rank: Int64s
    precision: Float64s


@compiled(forceinline=True)
def _tally(bins: UInt32s, now: Ranking, amount: int) -> None:
    """Add `amount` to the bin of every item."""
    for k in bins:
        now.in_bin[np.uint64(k)] += amount


@compiled(forceinline=True)
def _enforce(start: Int32s, stop: Int32s, t: np.int32, now: Ranking) -> None:
    """Put the thresholds of checkpoint t in force, those with start[k] <= t < stop[k]."""
    for k in range(np.uint64(len(start))):
        now.in_force[k] = (start[k] <= t) & (t < stop[k])


@compiled(forceinline=True)
def _rank(total: int, now: Ranking) -> int:
    """List the ranks of the thresholds in force; return their number."""
    count, rank = 0, 0
    for k in range(np.uint64(total)):
        rank += now.in_bin[k]
        now.rank[np.uint64(count)] = rank  # the next one overwrites it unless k is in force
        count += now.in_force[k]
    return count


@compiled(forceinline=True)
def _locate(total: int, now: Ranking) -> None:
    """Find where in the list of thresholds in force each bin is."""
    count = 0
    for k in range(np.uint64(total)):
        now.before[k] = count
        count += now.in_force[k]
    now.before[total] = count


@compiled(forceinline=True, fastmath={"reassoc"})
def _shift(now: Ranking, begin: int, end: int, amount: int, depth: int, trapezoidal: bool) -> float:
    """Change the ranks from `begin` to `end`; return what the sum of precisions gains."""
    gain = 0.0
    for j in range(np.uint64(begin), np.uint64(end)):
        rank = now.rank[j] + amount
        precision = (np.float64(j) + 1.0) / rank if rank <= depth else 0.0
        if trapezoidal:  # the mean with the precision just before this rank
            precision = (precision + (np.float64(j) / (rank - 1) if rank > 1 else 1.0)) / 2
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
    trapezoidal: bool,
    item_by_item: bool,
    now: Ranking,
    average_precision: Float64s,
    best_rank: Int32s,
) -> None:
    """Follow one query through the backfill.

    This takes about N + K T steps. Item by item, it takes N times the distance between an item's
    bins, plus P K: a positive changes which thresholds are in force, so they are listed anew.

    Args:
        bins: (2, N) bins of the items in their order, while they wait and afterwards; changed.
        schedule: which items switch at each checkpoint.
        positive: (N,) whether an item of the order is a positive.
        start: (K,) checkpoint from which a threshold is in force.
        stop: (K,) checkpoint from which it no longer is.
        depth: last rank whose precision counts.
        trapezoidal: see :func:`curve_block`.
        item_by_item: whether each item corrects the listed ranks.
        now: room to write.
        average_precision: (T,) written.
        best_rank: (T,) written.
    """
    edges, total = schedule.edges, len(start)
    for t in range(len(edges) - 1):  # arrivals begin behind every threshold
        for i in range(edges[t + 1] - schedule.arrivals[t], edges[t + 1]):
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
                    precisions += _shift(
                        now, begin, end, 1 if there < here else -1, depth, trapezoidal
                    )
        else:
            _tally(bins[0, first:last], now, -1)
            _tally(bins[1, first:last], now, 1)
        if not listed:
            _enforce(start, stop, np.int32(t), now)
            count = _rank(total, now)
            now.precision[:count] = 0
            precisions = _shift(now, 0, count, 0, depth, trapezoidal)
            if item_by_item:
                _locate(total, now)
        average_precision[t] = precisions / np.float64(min(count, depth))  # 0 / 0 is NaN
        best_rank[t] = now.rank[0] if count else np.iinfo(np.int32).max


@compiled(parallel=True)
def curve_block(
    similarity: Floats,
    columns: UInt32s,
    schedule: Schedule,
    positive_set: Int64s,
    positive_indptr: Int64s,
    positive_indices: Int64s,
    ignored_indptr: Int64s,
    ignored_indices: Int64s,
    depth: int,
    trapezoidal: bool,
    item_by_item: bool,
    workers: int,
    average_precision: Float64s,
    best_rank: Int32s,
) -> None:
    """Compute average precision and the best rank of a positive of B queries at T checkpoints.

    Args:
        similarity: (B, M), higher is nearer.
        columns: (2, N) the i-th item of the order has similarity[q, columns[0, i]] while it waits
            and similarity[q, columns[1, i]] afterwards.
        schedule: the order, and which items switch at each checkpoint.
        positive_set: (B,) as in `Relevance`, for these queries.
        positive_indptr: as in `Relevance`.
        positive_indices: as in `Relevance`.
        ignored_indptr: (B + 1,) as in `Relevance`, for these queries.
        ignored_indices: as in `Relevance`.
        depth: last rank whose precision counts.
        trapezoidal: whether the precision of a positive is the mean of those at its rank and just
            before it; the depth is then the whole gallery.
        item_by_item: whether each item corrects the listed ranks, instead of each checkpoint
            listing them anew; the curve is the same up to rounding.
        workers: number of tasks into which the block is split.
        average_precision: (B, T) written; NaN for a query without positives, and at a checkpoint at
            which none of its positives is there.
        best_rank: (B, T) written; 0 for a query without positives, the largest integer at such a
            checkpoint.
    """
    queries, checkpoints = average_precision.shape
    order, position, switches_at = schedule.order, schedule.position, schedule.switches_at
    widest = 0
    for query in range(queries):
        own = positive_set[query]
        widest = max(widest, positive_indptr[own + 1] - positive_indptr[own])
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
            own = positive_set[query]
            ignored = ignored_indices[ignored_indptr[query] : ignored_indptr[query + 1]]
            count = _unignored(
                positive_indices[positive_indptr[own] : positive_indptr[own + 1]],
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
                switch = switches_at[owner[k]]
                if source & 1 == 0:
                    start[k] = 0
                    stop[k] = 0 if schedule.arriving[owner[k]] else switch
                else:
                    start[k] = switch
                    stop[k] = checkpoints
            value[total : total + 2] = -np.inf

            for b in range(buckets.number):
                table[b] = ahead[b + 1] | (np.uint32(ahead[b] != ahead[b + 1]) << _FLAG)
            _codes(row, buckets, table, code)
            for side in range(2):
                _assign_bins(
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
                trapezoidal,
                item_by_item,
                now,
                average_precision[query],
                best_rank[query],
            )
            for j in range(count):
                positive[position[positives[j]]] = False
