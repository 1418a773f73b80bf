"""The items that can be among the first for a query, found in one pass over the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import prange

from backfill.arrays import Array, Float32s, Int64s
from backfill.forecast.channels import Channel
from backfill.retrieval.kernel import compiled
from backfill.retrieval.nearest import unit_blocks, unit_rows

# Cosines of all channels together that are held at a time: 64 MiB.
_COSINES = 2**24
# Lists of candidates are cut back to their length when they have grown by so many times it.
_ROOM = 3


class Candidates(NamedTuple):
    """The candidates of Q queries.

    Attributes:
        items: (Q, M) gallery rows, ascending; -1 behind them where a query has fewer.
        scores: (C, Q, M) cosines by each channel.
        outside: (Q,) number of gallery items that are not among them.
    """

    items: Int64s
    scores: Float32s
    outside: Int64s


def find(channels: Sequence[Channel], old: Array, count: int) -> Candidates:
    """Find the nearest items of each query by each channel.

    Args:
        channels: each adds its nearest items.
        old: (N, d1) old vectors of the gallery, in memory or memory-mapped; read once.
        count: of candidates by each channel, of equals those with the lowest rows. As many as
            there are items, or more: all of them.

    Raises:
        InputError: a row is not finite or has no direction.
    """
    size, queries, width = len(old), len(channels[0].query), len(channels)
    everything = count >= size
    room = size if everything else (1 + _ROOM) * width * count
    items = np.full((queries, room), -1)
    scores = np.full((queries, room, width), -np.inf, np.float32)
    filled, floor = np.zeros(queries, np.int64), np.full((queries, width), -np.inf, np.float32)
    rows = min(2**16, max(256, _COSINES // (width * queries)))
    rows = size if everything else min(rows, _ROOM * count)
    for first, block in unit_blocks("old", old, slice(0, size), rows):
        found = np.stack([channel.scores(block) for channel in channels])
        _offer(found, first, count, floor, items, scores, filled)
    if not everything:
        _prune_all(count, floor, items, scores, filled)
    return _sorted(items, scores, filled, size)


def including(
    candidates: Candidates, rows: Sequence[Int64s], channels: Sequence[Channel], old: Array
) -> Candidates:
    """Add items whose place is asked for, such as the relevant ones.

    Args:
        candidates: of Q queries.
        rows: Q ascending arrays of gallery rows.
        channels: that found the candidates.
        old: (N, d1) old vectors of the gallery.
    """
    missing = [
        np.setdiff1d(wanted, items, assume_unique=True)
        for wanted, items in zip(rows, candidates.items, strict=True)
    ]
    most = max(map(len, missing), default=0)
    if not most:
        return candidates
    queries, _ = candidates.items.shape
    items = np.full((queries, most), -1)
    scores = np.full((queries, most, len(channels)), -np.inf, np.float32)
    for query, added in enumerate(missing):
        block = unit_rows("old", np.asarray(old[added])) if len(added) else None
        if block is not None:
            items[query, : len(added)] = added
            for number, channel in enumerate(channels):
                one = channel._replace(query=channel.query[query : query + 1])
                scores[query, : len(added), number] = one.scores(block)[0]
    both = np.concatenate([candidates.items, items], axis=1)
    all_scores = np.concatenate([candidates.scores.transpose(1, 2, 0), scores], axis=1)
    filled = (both >= 0).sum(axis=1)
    order = np.argsort(np.where(both < 0, np.iinfo(np.int64).max, both), axis=1, kind="stable")
    size = int(candidates.outside[0] + (candidates.items[0] >= 0).sum())
    return Candidates(
        np.take_along_axis(both, order, axis=1),
        np.take_along_axis(all_scores, order[:, :, None], axis=1).transpose(2, 0, 1),
        size - filled,
    )


def _sorted(items: Int64s, scores: Float32s, filled: Int64s, size: int) -> Candidates:
    """Candidates by gallery row, without the room that is left."""
    width = int(filled.max())
    items, scores = items[:, :width], scores[:, :width]
    order = np.argsort(np.where(items < 0, size, items), axis=1, kind="stable")
    items = np.take_along_axis(items, order, axis=1)
    scores = np.take_along_axis(scores, order[:, :, None], axis=1)
    scores[items < 0] = -np.inf  # what was dropped from a list is still there
    return Candidates(items, np.ascontiguousarray(scores.transpose(2, 0, 1)), size - filled)


@compiled(parallel=True)
def _offer(
    found: Float32s,
    first: int,
    count: int,
    floor: Float32s,
    items: Int64s,
    scores: Float32s,
    filled: Int64s,
) -> None:
    """Add what is nearer than a floor, by any channel, to the lists of candidates.

    Args:
        found: (C, Q, B) cosines of a block of items.
        first: gallery row of the first of them.
        count: of candidates by each channel.
        floor: (Q, C) cosines that a new candidate must exceed in one channel.
        items: (Q, room) lists, written.
        scores: (Q, room, C) of them, written.
        filled: (Q,) lengths of the lists, written.
    """
    channels, queries, block = found.shape
    for query in prange(queries):
        for column in range(block):
            near = False
            for channel in range(channels):
                near = near or found[channel, query, column] > floor[query, channel]
            if near:
                if filled[query] == items.shape[1]:
                    _prune(count, floor, items, scores, filled, query)
                at = filled[query]
                items[query, at] = first + column
                for channel in range(channels):
                    scores[query, at, channel] = found[channel, query, column]
                filled[query] = at + 1


@compiled()
def _prune(
    count: int, floor: Float32s, items: Int64s, scores: Float32s, filled: Int64s, query: int
) -> None:
    """Keep what is among the first `count` of some channel, and raise the floors."""
    have = filled[query]
    if have <= count:
        return
    near = np.zeros(have, np.bool_)
    for channel in range(scores.shape[2]):
        values = scores[query, :have, channel].copy()
        lowest = np.partition(values, have - count)[have - count]
        floor[query, channel] = lowest
        equals = count - (values > lowest).sum()  # of them the first ones have a place
        for at in range(have):
            if values[at] > lowest:
                near[at] = True
            elif values[at] == lowest and equals > 0:
                near[at] = True
                equals -= 1
    kept = 0
    for at in range(have):
        if near[at]:
            items[query, kept] = items[query, at]
            scores[query, kept] = scores[query, at]
            kept += 1
    items[query, kept:have] = -1
    filled[query] = kept


@compiled(parallel=True)
def _prune_all(
    count: int, floor: Float32s, items: Int64s, scores: Float32s, filled: Int64s
) -> None:
    for query in prange(len(items)):
        _prune(count, floor, items, scores, filled, query)
