"""Backfill curves from the k nearest items alone, for galleries that do not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Array, Float64s, Int64s
from backfill.compute import LOCAL, Engine
from backfill.errors import InputError
from backfill.relevance import Relevance
from backfill.results import BackfillCurve
from backfill.retrieval.approximate import Index, nearest_items_approximately, recall
from backfill.retrieval.nearest import BLOCK_ROWS, Nearest, nearest_items, opened
from backfill.retrieval.schedule import Schedule

_NOT_FOUND = np.iinfo(np.int64).max  # the rank of a positive that is not among the first k


def backfill_curve_at(
    k: int,
    before: tuple[Array, Array],
    after: tuple[Array, Array],
    order: ArrayLike,
    relevance: Relevance,
    checkpoints: int | Sequence[float] | Float64s = 11,
    top_k: Sequence[int] = (1, 5),
    *,
    arriving: ArrayLike | None = None,
    index: Index | None = None,
    block_rows: int = BLOCK_ROWS,
    engine: Engine = LOCAL,
) -> BackfillCurve:
    """Evaluate a backfill up to rank k, in one pass over galleries that stay on disk.

    The result is that of :func:`backfill_curve` with `map_at=k`, up to the rounding of similarities
    (which are float64 if an input is, else float32): equal embeddings tie exactly, and ties go to
    the lower gallery index, whatever the blocks. Both systems' items are merged by distance. Memory
    is O(Q T (k + ignored) + N) besides three blocks of a gallery, or the indexes. Galleries in
    which many items are equally near at rank k take up to several times as long.

    Args:
        k: last rank that counts; more than N is as much as N. Every item that a query ignores makes
            the search one rank deeper, so lists of thousands of ignored items are slow.
        before: (query (Q, d1), gallery (N, d1)), the system that ranks waiting items. Galleries may
            be memory-mapped, in any floating type; each is read once.
        after: (query (Q, d2), gallery (N, d2)), the system that ranks backfilled items.
        order: (N,) a permutation; item order[0] is backfilled first.
        relevance: of the N gallery items to the Q queries.
        checkpoints: how many backfill fractions from 0 to 1, or increasing fractions.
        top_k: the k for which hits are counted, none above `k`.
        arriving: (N,) bool, the items that are not in the gallery at the start.
        index: if given, an index of either gallery is searched instead, approximately. The curve
            then has the recall at each checkpoint: the share of the exact k nearest items that was
            found, over some of the queries.
        block_rows: number of gallery rows that are read at a time.
        engine: where the galleries are searched, in chunks. An index is always searched in this
            process.

    Returns:
        The curve of T fractions.

    Raises:
        InputError: as :func:`backfill_curve` does; `block_rows` is below 1, or the index cannot be
            made. An unusable row of a gallery is found when it is read.

    Source:
        Average precision up to k: Weyand et al., Google Landmarks Dataset v2, CVPR 2020.
    """
    validate.count("block_rows", block_rows)
    old, new = opened("before", before), opened("after", after)
    queries, size = len(old.query), len(old.gallery)
    validate.same_length("after[1] (gallery)", new.gallery, size, "before[1] (gallery)")
    validate.same_length("after[0] (query)", new.query, queries, "before[0] (query)")
    relevance = Relevance.given(relevance)
    relevance.require(queries, size)
    sequence = validate.permutation("order", order, size)
    fraction = validate.fractions("checkpoints", checkpoints)
    depth = min(validate.count("k", k), size)
    cutoffs = validate.cutoffs("top_k", top_k)
    arrivals = validate.flags("arriving", arriving, size)
    if max(cutoffs) > k:
        raise InputError(f"top_k: expected none above k, {k}, got {max(cutoffs)}")
    if index is not None:
        validate.instance("index", index, Index)
    schedule = Schedule.of(sequence, fraction, arrivals)
    wanted = min(depth + int(np.diff(relevance.ignored_indptr).max()), size)

    def exact(rows: slice) -> Iterator[Nearest]:
        before, after = (system._replace(query=system.query[rows]) for system in (old, new))
        return nearest_items(before, after, schedule, wanted, block_rows=block_rows, engine=engine)

    everyone = np.arange(queries)
    if index is None:
        ranking = _ranked(exact(slice(None)), relevance, everyone, depth)
        return _curve_of(ranking, schedule, fraction, relevance, cutoffs)
    found = nearest_items_approximately(old, new, schedule, wanted, index, block_rows=block_rows)
    ranking = _ranked(found, relevance, everyone, depth)
    curve = _curve_of(ranking, schedule, fraction, relevance, cutoffs)
    some = slice(None, None, -(-queries // index.recall_queries))
    nearest = _ranked(exact(some), relevance, everyone[some], depth)
    return replace(curve, recall=recall(ranking[some], nearest))


def _ranked(found: Iterator[Nearest], relevance: Relevance, queries: Int64s, depth: int) -> Int64s:
    """(Q, T, depth) the nearest items that a query does not ignore; -1 for missing ones."""
    items = np.stack([nearest.items for nearest in found], axis=1)
    for row, query in enumerate(queries.tolist()):
        ignored = relevance.ignored(query)
        if len(ignored):
            # A stable sort moves ignored items behind the rest.
            behind = np.isin(items[row], ignored)
            kept = np.argsort(behind, axis=1, kind="stable")
            items[row] = np.where(
                np.take_along_axis(behind, kept, axis=1),
                -1,
                np.take_along_axis(items[row], kept, axis=1),
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
    """The curve of the first items of each query's ranking at each checkpoint, (Q, T, depth)."""
    depth = ranking.shape[2]
    precision, best = np.full(ranking.shape[:2], np.nan), np.zeros(ranking.shape[:2], np.int64)
    # The checkpoint from which an item is in the gallery.
    there_from = np.where(schedule.arriving, schedule.switches_at, 0)
    ranks, checkpoints = np.arange(1, depth + 1), np.arange(len(fraction))
    for query in range(len(ranking)):
        positives = relevance.positives(query)
        if len(positives) == 0:
            continue
        relevant = np.isin(ranking[query], positives)
        precision_at = np.cumsum(relevant, axis=1) / ranks
        there = np.searchsorted(np.sort(there_from[positives]), checkpoints, side="right")
        with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: no positive is there yet
            precision[query] = (precision_at * relevant).sum(axis=1) / np.minimum(there, depth)
        best[query] = np.where(relevant.any(axis=1), relevant.argmax(axis=1) + 1, _NOT_FOUND)
    where = " that is in the gallery from the start" if schedule.arriving.any() else ""
    return BackfillCurve.of_ranks(fraction, precision, best, top_k, where)
