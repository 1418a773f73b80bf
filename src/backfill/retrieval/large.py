"""Backfill curves of galleries of millions: mAP@k and CMC@k from the k nearest items."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill.compute import LOCAL, Engine
from backfill.errors import InputError
from backfill.retrieval import validate
from backfill.retrieval.approximate import Index, nearest_items_approximately, recall
from backfill.retrieval.curve import BackfillCurve
from backfill.retrieval.nearest import BLOCK_ROWS, Nearest, Pair, checked_gallery, nearest_items
from backfill.retrieval.relevance import Relevance
from backfill.retrieval.schedule import Schedule

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]


def backfill_curve_at(
    k: int,
    before: Pair,
    after: Pair,
    order: ArrayLike,
    relevance: Relevance,
    checkpoints: int | Sequence[float] | Float64s = 11,
    top_k: Sequence[int] = (1, 5),
    *,
    newcomer: ArrayLike | None = None,
    index: Index | None = None,
    block_rows: int = BLOCK_ROWS,
    engine: Engine = LOCAL,
) -> BackfillCurve:
    """The backfill curve up to rank k, in one pass over galleries that stay on disk.

    The same as :func:`backfill_curve` with `map_at=k`, up to float32's rounding: average precision
    over the first k places, divided by min(positives, k) (Google Landmarks v2: Weyand et al., CVPR
    2020), and hits in the top_k, none above k. `before` and `after` are (query (Q, d), gallery
    (N, d)); the galleries may be memory-mapped, float16 or float32, and are read once, `block_rows`
    at a time. order, relevance, checkpoints, top_k and newcomer are as there. Every ignored item of
    a query costs a place in the search, so lists of thousands are slow.

    index: search an index of either gallery instead, approximately; the curve then has the recall
    at each checkpoint, the share of the exact k nearest items that is found, over some queries.
    engine: where the galleries are searched, in parts; an index is always searched here.

    Memory is O(Q T (k + ignored) + N) besides three blocks of the gallery, or the indexes.

    Raises InputError as :func:`backfill_curve` does; a wrong row of a gallery is found when it is
    read.
    """
    size = checked_gallery("before[1] (gallery)", before[1], before[0])
    checked_gallery("after[1] (gallery)", after[1], after[0])
    validate.same_length("after[1] (gallery)", np.asanyarray(after[1]), size, "before[1] (gallery)")
    queries = len(before[0])
    validate.same_length("after[0] (query)", np.asanyarray(after[0]), queries, "before[0] (query)")
    relevance.require(queries, size)
    sequence, _ = validate.permutation("order", order, size)
    fraction = validate.fractions("checkpoints", checkpoints)
    depth = validate.depth("k", k, size)
    cutoffs = validate.cutoffs("top_k", top_k)
    new = validate.flags("newcomer", newcomer, size)
    if max(cutoffs) > depth:
        raise InputError(f"top_k: expected none above k, {depth}, got {max(cutoffs)}")
    schedule = Schedule.of(sequence, fraction, new)
    places = min(depth + int(np.diff(relevance.ignored_indptr).max()), size)

    def exact(rows: slice) -> Iterator[Nearest]:
        old, new = ((query[rows], gallery) for query, gallery in (before, after))
        return nearest_items(old, new, schedule, places, block_rows=block_rows, engine=engine)

    if index is None:
        return _curve_of(exact(slice(None)), schedule, fraction, relevance, depth, cutoffs)
    found = list(
        nearest_items_approximately(before, after, schedule, places, index, block_rows=block_rows)
    )
    curve = _curve_of(iter(found), schedule, fraction, relevance, depth, cutoffs)
    some = slice(None, None, -(-queries // index.recall_queries))
    seen = [Nearest(nearest.items[some], nearest.similarity[some]) for nearest in found]
    return replace(curve, recall=recall(seen, list(exact(some))))


def _curve_of(
    found: Iterator[Nearest],
    schedule: Schedule,
    fraction: Float64s,
    relevance: Relevance,
    depth: int,
    top_k: Sequence[int],
) -> BackfillCurve:
    """The curve of the nearest items at each checkpoint, ignored ones among them.

    found: at least the `depth` nearest that a query does not ignore.
    """
    index = np.stack([nearest.items for nearest in found], axis=1)
    precision, best = np.full(index.shape[:2], np.nan), np.zeros(index.shape[:2], np.int64)
    # From which checkpoint an item is in the gallery.
    there_from = np.where(schedule.newcomer, schedule.arrival, 0)
    ranks, times = np.arange(1, depth + 1), np.arange(len(fraction))
    for query in range(len(index)):
        positives = relevance.positives(query)
        if len(positives) == 0:
            continue
        relevant = _ranked(index[query], positives, relevance.ignored(query), depth)
        exact = np.cumsum(relevant, axis=1) / ranks
        there = np.searchsorted(np.sort(there_from[positives]), times, side="right")
        with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: no positive is there yet
            precision[query] = (exact * relevant).sum(axis=1) / np.minimum(there, depth)
        best[query] = np.where(relevant.any(axis=1), relevant.argmax(axis=1) + 1, depth + 1)
    where = " that is in the gallery from the start" if schedule.newcomer.any() else ""
    return BackfillCurve.of_ranks(fraction, precision, best, top_k, where)


def _ranked(index: Int64s, positives: Int64s, ignored: Int64s, depth: int) -> NDArray[np.bool_]:
    """(T, depth): whether a query's i-th item is relevant, ignored items left out."""
    relevant = np.isin(index, positives)
    if len(ignored):
        # A stable sort moves what is ignored, and what is not there, behind the rest.
        behind = np.isin(index, ignored) | (index < 0)
        kept = np.argsort(behind, axis=1, kind="stable")
        relevant = np.take_along_axis(relevant & ~behind, kept, axis=1)
    ranked = np.zeros((len(index), depth), bool)
    width = min(depth, relevant.shape[1])
    ranked[:, :width] = relevant[:, :width]
    return ranked
