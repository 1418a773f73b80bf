"""Backfill curves of galleries of millions: mAP@k and CMC@k from the k nearest items."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill import validate
from backfill.compute import LOCAL, Engine
from backfill.errors import InputError
from backfill.relevance import Relevance
from backfill.results import BackfillCurve
from backfill.retrieval.approximate import Index, nearest_items_approximately, recall
from backfill.retrieval.nearest import BLOCK_ROWS, Nearest, Pair, checked_gallery, nearest_items
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
    validate.two("before", before)
    validate.two("after", after)
    if block_rows < 1:
        raise InputError(f"block_rows: expected at least 1, got {block_rows}")
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

    everyone = np.arange(queries)
    if index is None:
        ranking = _ranked(exact(slice(None)), relevance, everyone, depth)
        return _curve_of(ranking, schedule, fraction, relevance, cutoffs)
    found = nearest_items_approximately(
        before, after, schedule, places, index, block_rows=block_rows
    )
    ranking = _ranked(found, relevance, everyone, depth)
    curve = _curve_of(ranking, schedule, fraction, relevance, cutoffs)
    some = slice(None, None, -(-queries // index.recall_queries))
    nearest = _ranked(exact(some), relevance, everyone[some], depth)
    return replace(curve, recall=recall(ranking[some], nearest))


def _ranked(found: Iterator[Nearest], relevance: Relevance, queries: Int64s, depth: int) -> Int64s:
    """(Q, T, depth) the nearest items that a query does not ignore; -1 where there are no more."""
    items = np.stack([nearest.items for nearest in found], axis=1)
    for place, query in enumerate(queries.tolist()):
        ignored = relevance.ignored(query)
        if len(ignored):
            # A stable sort moves what is ignored behind the rest.
            behind = np.isin(items[place], ignored)
            kept = np.argsort(behind, axis=1, kind="stable")
            items[place] = np.where(
                np.take_along_axis(behind, kept, axis=1),
                -1,
                np.take_along_axis(items[place], kept, axis=1),
            )
    missing = max(0, depth - items.shape[2])
    return np.pad(items[..., :depth], ((0, 0), (0, 0), (0, missing)), constant_values=-1)


def _curve_of(
    ranking: Int64s,
    schedule: Schedule,
    fraction: Float64s,
    relevance: Relevance,
    top_k: Sequence[int],
) -> BackfillCurve:
    """The curve of the first places of each query's ranking at each checkpoint, (Q, T, depth)."""
    depth = ranking.shape[2]
    precision, best = np.full(ranking.shape[:2], np.nan), np.zeros(ranking.shape[:2], np.int64)
    # From which checkpoint an item is in the gallery.
    there_from = np.where(schedule.newcomer, schedule.arrival, 0)
    ranks, times = np.arange(1, depth + 1), np.arange(len(fraction))
    for query in range(len(ranking)):
        positives = relevance.positives(query)
        if len(positives) == 0:
            continue
        relevant = np.isin(ranking[query], positives)
        exact = np.cumsum(relevant, axis=1) / ranks
        there = np.searchsorted(np.sort(there_from[positives]), times, side="right")
        with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: no positive is there yet
            precision[query] = (exact * relevant).sum(axis=1) / np.minimum(there, depth)
        best[query] = np.where(relevant.any(axis=1), relevant.argmax(axis=1) + 1, depth + 1)
    where = " that is in the gallery from the start" if schedule.newcomer.any() else ""
    return BackfillCurve.of_ranks(fraction, precision, best, top_k, where)
