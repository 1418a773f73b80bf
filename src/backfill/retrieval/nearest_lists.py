"""Lists of nearest items that do not depend on how a gallery was cut into blocks.

A matrix product rounds the same dot product differently in one block than in another, and a search
for the k nearest keeps any of the items that are equally near at rank k. Here such a search only
proposes items. Those that may be among the nearest get a similarity that depends on nothing but the
two vectors, and the lists are sorted by it; ties go to the lower index.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from backfill.arrays import Bools, Float32s, Float64s, Floats, Int64s
from backfill.retrieval.kernel import compiled

# Further from 1 than rounded unit vectors can be from themselves.
_NEAR_1 = 1e-5


def slack(dimensions: int) -> float:
    """How far a float32 product of unit vectors may be from their similarity, at most.

    Each of the products and sums rounds by at most 2^-24, and so do the vectors themselves if they
    are more precise.

    Source:
        Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1.
    """
    return float((dimensions + 8) * 2.0**-24)


@compiled()
def similarity(a: Floats, b: Floats) -> float:
    """The dot product of two unit vectors in float64, always summed in the same order.

    It is 1 for equal vectors, whatever the rounding.
    """
    whole = len(a) - len(a) % 4
    first = second = third = fourth = 0.0  # four sums side by side, which a processor overlaps
    for j in range(0, whole, 4):
        first += np.float64(a[j]) * np.float64(b[j])
        second += np.float64(a[j + 1]) * np.float64(b[j + 1])
        third += np.float64(a[j + 2]) * np.float64(b[j + 2])
        fourth += np.float64(a[j + 3]) * np.float64(b[j + 3])
    for j in range(whole, len(a)):
        first += np.float64(a[j]) * np.float64(b[j])
    total = (first + second) + (third + fourth)
    if total < 1 - _NEAR_1:
        return total
    for j in range(len(a)):
        if a[j] != b[j]:
            return total
    return 1.0


@compiled()
def to_unit(rows: Floats) -> int:
    """Scale rows to unit length, in place and in float64, rounding each number once.

    Args:
        rows: (n, d).

    Returns:
        How many rows were scaled: n, or the index of the first one that is not finite or has no
        direction.
    """
    count, width = rows.shape
    for row in range(count):
        largest = 0.0
        for j in range(width):
            largest = max(largest, abs(np.float64(rows[row, j])))
        total = 0.0
        for j in range(width):
            total += (np.float64(rows[row, j]) / largest) ** 2  # which cannot overflow or vanish
        if not (largest > 0 and np.isfinite(largest) and np.isfinite(total)):
            return int(row)
        length = np.sqrt(total)
        for j in range(width):
            rows[row, j] = (np.float64(rows[row, j]) / largest) / length
    return int(count)


@compiled()
def _insert(items: Int64s, values: Float64s, item: int, value: float) -> None:
    """Put an item into a sorted list, (k,) each, unless it is there already or too far away."""
    at = len(items)
    while at > 0 and (
        items[at - 1] < 0
        or values[at - 1] < value
        or (values[at - 1] == value and items[at - 1] > item)
    ):
        at -= 1
    if at == len(items) or (at > 0 and items[at - 1] == item):
        return
    for position in range(len(items) - 1, at, -1):
        items[position] = items[position - 1]
        values[position] = values[position - 1]
    items[at] = item
    values[at] = value


@compiled(parallel=True)
def offer(
    query: Floats,
    rows: Floats,
    index: Int64s,
    proposed: Int64s,
    near: Float32s,
    room: float,
    workers: int,
    items: Int64s,
    values: Float64s,
    unsettled: Bools,
) -> None:
    """Put the items that a search proposes into the lists.

    Args:
        query: (Q, d) unit rows.
        rows: (n, d) unit rows that were searched.
        index: (n,) their gallery indices.
        proposed: (Q, c) which of these rows are nearest, nearest first; -1 for none.
        near: (Q, c) how near they are, to within `room`.
        room: see :func:`slack`.
        workers: number of tasks into which the queries are split.
        items: (Q, k) the lists, changed; -1 for missing items.
        values: (Q, k) their similarities, changed; -inf for missing items.
        unsettled: (Q,) written: whether a row that was not proposed may belong into the list.
    """
    queries, last = len(query), items.shape[1] - 1
    for worker in prange(workers):
        for q in range(worker, queries, workers):
            for c in range(proposed.shape[1]):
                row = proposed[q, c]
                if row < 0 or near[q, c] + room < values[q, last]:
                    break  # the others are no nearer
                value = similarity(query[q], rows[row])
                _insert(items[q], values[q], index[row], value)
            unsettled[q] = proposed.shape[1] < len(rows) and near[q, -1] + room >= values[q, last]


@compiled(parallel=True)
def offer_all(
    query: Floats,
    rows: Floats,
    index: Int64s,
    which: Int64s,
    near: Float32s,
    room: float,
    workers: int,
    items: Int64s,
    values: Float64s,
) -> None:
    """Put all items that are near enough into the lists of some queries.

    Args:
        query: (Q, d) unit rows.
        rows: (n, d) unit rows.
        index: (n,) their gallery indices.
        which: (U,) the queries whose lists are changed.
        near: (U, n) how near each row is to each of them, to within `room`.
        room: see :func:`slack`.
        workers: number of tasks into which the queries are split.
        items: (Q, k) the lists, as in :func:`offer`.
        values: (Q, k) their similarities.
    """
    last = items.shape[1] - 1
    for worker in prange(workers):
        for u in range(worker, len(which), workers):
            q = which[u]
            for row in range(len(rows)):
                if near[u, row] + room >= values[q, last]:
                    value = similarity(query[q], rows[row])
                    _insert(items[q], values[q], index[row], value)


@compiled(parallel=True)
def merge_sorted(items: Int64s, values: Float64s, workers: int, k: int) -> tuple[Int64s, Float64s]:
    """Merge sorted lists that share no item.

    Args:
        items: (L, Q, k') indices, -1 behind the last item of a list.
        values: (L, Q, k') similarities; falling, and indices rise where they are equal.
        workers: number of tasks into which the queries are split.
        k: length of the merged list.

    Returns:
        (Q, k) indices, -1 for missing items, and similarities, -inf for these.
    """
    lists, queries, length = items.shape
    merged, similarities = np.full((queries, k), -1), np.full((queries, k), -np.inf)
    for worker in prange(workers):
        at = np.empty(lists, np.int64)
        for q in range(worker, queries, workers):
            at[:] = 0
            for position in range(k):
                best = -1
                for i in range(lists):
                    if at[i] == length or items[i, q, at[i]] < 0:
                        continue
                    value = values[i, q, at[i]]
                    if (
                        best < 0
                        or value > values[best, q, at[best]]
                        or (
                            value == values[best, q, at[best]]
                            and items[i, q, at[i]] < items[best, q, at[best]]
                        )
                    ):
                        best = i
                if best < 0:
                    break
                merged[q, position] = items[best, q, at[best]]
                similarities[q, position] = values[best, q, at[best]]
                at[best] += 1
    return merged, similarities
