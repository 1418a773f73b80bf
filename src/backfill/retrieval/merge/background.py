"""Scores that compare a query's similarities with those to a background, without labels.

The background are items that both systems have embedded. Almost all of them are strangers to a
query. They are gallery items that are backfilled already, whose old embeddings are there as well;
the waiting items' new embeddings are never looked at. Or they are given: items outside of the
gallery that both systems embed before the backfill begins.

Both systems are measured against the same items, so it does not matter that an order other than a
random one backfills unusual items first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import get_num_threads, prange

from backfill import validate
from backfill.arrays import Array, Bools, Float64s, Floats, Int8s, Int64s, UInt32s
from backfill.errors import InputError
from backfill.retrieval.kernel import compiled
from backfill.retrieval.merge.base import Backfill, Scorer
from backfill.retrieval.merge.lists import ListScorer, QueryBlock
from backfill.retrieval.merge.maps import Map, MapScorer
from backfill.retrieval.similarity import normalise, query_blocks

# From the similarities of B queries to the background, (B, n) with n >= 1, to the similarity that
# scores 0 and the distance from it that scores 1, (B,) each. The distance is above 0.
Measure = Callable[[Float64s], tuple[Float64s, Float64s]]

_BACKFILLED = 1  # the list of the backfilled items, among which arrivals are


def against_background(measure: Measure, backfill: Backfill) -> Scorer:
    """Shift and scale each system's similarities of each query.

    A score rises with the similarity, so it changes no ranking within a system: the backfill starts
    exactly at the old system and ends exactly at the new one. Items that a query ignores are left
    out of its background. While nothing is backfilled, similarities stay as they are.

    Args:
        measure: finds the shift and the scale. A function of a module, as workers find it by name.
        backfill: what is to be merged.

    Returns:
        The scorer. Against backfilled items, it measures anew at every checkpoint.

    Raises:
        InputError: a background is given that is not as wide as the galleries.
    """
    calibration = backfill.calibration
    if calibration.given is None:
        # Arrivals are known to the new system alone.
        draw = drawn(np.flatnonzero(~backfill.arriving), calibration.seed)
        return ListScorer.of(partial(_scores, measure, draw, calibration.background), backfill)
    before, after = (
        _map_of(measure, system.query, rows)
        for system, rows in zip(
            (backfill.before, backfill.after), _given(backfill, calibration.given), strict=True
        )
    )
    return MapScorer.of((before, after), backfill)


def drawn(items: Int64s, seed: int) -> Int64s:
    """Draw an order of items, of which the first ones are a random sample of any size."""
    return np.random.default_rng([seed, 3]).permutation(items)


def _given(backfill: Backfill, given: tuple[Array, Array]) -> list[Floats]:
    """The same sample of the given items in both systems, as unit rows."""
    names = "calibration.given[0]", "calibration.given[1]"
    rows = [validate.embeddings(name, each) for name, each in zip(names, given, strict=True)]
    validate.same_length(names[1], rows[1], len(rows[0]), names[0])
    chosen = drawn(np.arange(len(rows[0])), backfill.calibration.seed)
    sample = np.sort(chosen[: backfill.calibration.background])
    for name, each, system in zip(names, rows, (backfill.before, backfill.after), strict=True):
        if each.shape[1] != system.gallery.shape[1]:
            raise InputError(
                f"{name}: expected {system.gallery.shape[1]} dimensions as in the gallery, "
                f"got {each.shape[1]}"
            )
    return [normalise(each[sample], backfill.before.query.dtype) for each in rows]


def _map_of(measure: Measure, query: Floats, background: Floats) -> Map:
    """The map of one system against given items, which no query ignores."""
    origin, unit = np.empty((2, len(query)))
    for block in query_blocks(len(query), len(background) * 16):
        similarity = (query[block] @ background.T).astype(np.float64)
        origin[block], unit[block] = measure(similarity)
    return _Scaled(origin, unit)


@dataclass(frozen=True)
class _Scaled:
    """A map that shifts and scales the similarities of each query."""

    origin: Float64s  # (Q,)
    unit: Float64s  # (Q,)

    def __call__(self, block: slice, similarity: Floats) -> Float64s:
        return np.asarray((similarity - self.origin[block, None]) / self.unit[block, None])


def _scores(
    measure: Measure, draw: Int64s, items: int, block: QueryBlock, lists: Sequence[Int8s]
) -> Iterator[Float64s]:
    """Yield the scores at each checkpoint; see `ScoreLists`.

    Args:
        measure: finds the shift and the scale.
        draw: the items that may be in the background, in random order.
        items: size of the largest background.
        block: some queries.
        lists: which list each item is in, at each checkpoint.
    """
    scores = np.empty((len(block.similarity), block.columns.shape[1]))
    for in_list in lists:
        background = np.sort(draw[in_list[draw] == _BACKFILLED][:items])
        left_out = _ignored(block, background)
        origin, unit = np.empty((2, 2, len(block.similarity)))
        for system in (0, 1):
            near = block.similarity.take(block.columns[system, background], axis=1)
            origin[system], unit[system] = _measured(measure, near, left_out)
        _scale(block.similarity, block.columns, in_list, origin, unit, get_num_threads(), scores)
        yield scores


def _ignored(block: QueryBlock, background: Int64s) -> Bools:
    """(B, n) which items of the background each query ignores."""
    first, last = block.ignored_indptr[[0, -1]]
    position = np.full(block.columns.shape[1], -1)
    position[background] = np.arange(len(background))
    at = position[block.ignored_indices[first:last]]
    query = np.repeat(np.arange(len(block.similarity)), np.diff(block.ignored_indptr))
    found = np.zeros((len(block.similarity), len(background)), bool)
    found[query[at >= 0], at[at >= 0]] = True
    return found


def _measured(measure: Measure, similarity: Floats, left_out: Bools) -> tuple[Float64s, Float64s]:
    """Shift and scale of each query, (B,) each; 0 and 1 for one without a background."""
    origin, unit = np.zeros(len(similarity)), np.ones(len(similarity))
    some = left_out.any(axis=1)
    rows = np.asarray(similarity, np.float64)
    if left_out.shape[1] and not some.all():
        origin[~some], unit[~some] = measure(rows[~some])
    for query in np.flatnonzero(some):
        kept = rows[query, ~left_out[query]]
        if len(kept):
            (origin[query],), (unit[query],) = measure(kept[None])
    return origin, unit


@compiled(parallel=True)
def _scale(
    similarity: Floats,
    columns: UInt32s,
    in_list: Int8s,
    origin: Float64s,
    unit: Float64s,
    workers: int,
    scores: Float64s,
) -> None:
    """Shift and scale each item's similarity in the system that ranks it.

    Args:
        similarity: (B, M).
        columns: (2, N) by gallery index.
        in_list: (N,) 0 or 1, the list of each item, or 2.
        origin: (2, B) similarity that scores 0.
        unit: (2, B) distance from it that scores 1.
        workers: number of tasks into which the block is split.
        scores: (B, N) written; 0 for an item that is in neither list.
    """
    queries, size = scores.shape
    for worker in prange(workers):
        for query in range(worker, queries, workers):
            for item in range(size):
                system = in_list[item]
                if system > 1:
                    scores[query, item] = 0.0
                    continue
                value = np.float64(similarity[query, columns[system, item]])
                scores[query, item] = (value - origin[system, query]) / unit[system, query]
