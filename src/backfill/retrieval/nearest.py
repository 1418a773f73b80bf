"""The k nearest items of every query while a gallery is backfilled, exactly and in one pass.

Made for galleries that do not fit in memory: both systems' embeddings may be memory-mapped, in any
floating type, and each is read once, front to back, for all checkpoints together. An item waits
until the checkpoint at which its wave switches, and is backfilled from then on. So the nearest
items at a checkpoint are among the nearest waiting ones of the waves to come and the nearest
backfilled ones of the waves that have switched, and only these are kept.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import faiss
import numpy as np
from numba import get_num_threads
from numpy.typing import ArrayLike
from tqdm import tqdm

from backfill import validate
from backfill.arrays import Float32s, Float64s, Floats, Int64s, System, moderate
from backfill.compute import LOCAL, Engine
from backfill.errors import InputError
from backfill.retrieval.nearest_lists import merge_sorted, offer, offer_all, slack, to_unit
from backfill.retrieval.schedule import Schedule
from backfill.retrieval.similarity import common_dtype, query_blocks

# Rows read at a time: 256 MiB at 128 dimensions. Small blocks would cost more in partial rankings.
BLOCK_ROWS = 2**19
# From this many numbers in all queries together, matrix products pay: 4 queries of 128 dimensions.
_PRODUCTS_FROM = 512
# faiss is asked for so many items more than are kept: mostly the last of them is clearly too far
# away, and then none that it left out can be nearer.
_SPARE = 8
_FLOAT32 = np.dtype(np.float32)


class Nearest(NamedTuple):
    """The nearest items of Q queries, by falling similarity, ties by gallery index.

    Attributes:
        items: (Q, k) gallery indices, -1 for missing items.
        similarity: (Q, k), -inf for missing items.
    """

    items: Int64s
    similarity: Float64s


def nearest_items(
    before: System,
    after: System,
    schedule: Schedule,
    k: int,
    *,
    block_rows: int = BLOCK_ROWS,
    engine: Engine = LOCAL,
) -> Iterator[Nearest]:
    """Find the k nearest items of every query at each checkpoint.

    Similarities are cosines of vectors that are rounded to float64 if an input is float64, else to
    float32. Whatever the blocks, equal vectors have equal similarities, and ties go to the lower
    index, at rank k as well.

    Args:
        before: (Q, d1) queries and (N, d1) gallery of the system that ranks waiting items.
        after: (Q, d2) queries and (N, d2) gallery of the system that ranks backfilled items.
        schedule: when items are backfilled, or come.
        k: number of items per query.
        block_rows: number of gallery rows that are held at a time.
        engine: where the galleries are searched, in chunks.

    Yields:
        The nearest items at one checkpoint after the other.

    Raises:
        InputError: a row of a gallery is not finite or has no direction; names the row.
    """
    checkpoints = len(schedule.edges) - 2
    # Arrivals never wait, since the old system does not know them. They join wave 0, which has
    # switched at every checkpoint.
    waiting_in = np.where(schedule.arriving, 0, schedule.switches_at)
    waves = range(checkpoints + 1)
    dtype = common_dtype(*map(np.asanyarray, (*before, *after)))
    sides = [
        _Side("before[1] (gallery)", before, waiting_in, waves[1:], k, block_rows, dtype),
        _Side("after[1] (gallery)", after, schedule.switches_at, waves[:-1], k, block_rows, dtype),
    ]
    chunks = engine.cut(len(waiting_in))
    tasks = [(side, chunk) for side in (0, 1) for chunk in chunks]
    by_side: list[list[Nearest]] = [[], []]
    searched = engine.map(_searched, sides, tasks, title="gallery")
    for (side, _), found in zip(tasks, searched, strict=True):
        had = by_side[side]
        by_side[side] = [merged(both, k) for both in zip(had, found, strict=True)] if had else found
    for t in range(checkpoints):
        yield merged([*by_side[0][t:], *by_side[1][: t + 1]], k)


class _Side(NamedTuple):
    """One of the two systems, and which of its items are searched for."""

    name: str
    system: System
    wave: Int64s  # (N,) of each item
    waves: range  # that are searched for
    k: int
    block_rows: int
    dtype: np.dtype[Any]  # that vectors are rounded to


def _searched(sides: list[_Side], task: tuple[int, slice]) -> list[Nearest]:
    """The nearest items of each wave among some rows of one system's gallery."""
    side, chunk = sides[task[0]], task[1]
    query = unit_rows("query", np.asarray(side.system.query), dtype=side.dtype)
    found = [_none(len(query), side.k) for _ in side.waves]
    blocks = unit_blocks(side.name, side.system.gallery, chunk, side.block_rows, side.dtype)
    for first, rows in blocks:
        wave_of = side.wave[first : first + len(rows)]
        for nearest, wave in zip(found, side.waves, strict=True):
            chosen = np.flatnonzero(wave_of == wave)
            if len(chosen):
                _search(query, rows[chosen], chosen + first, nearest)
    return found


def _none(queries: int, k: int) -> Nearest:
    """Lists without any item."""
    return Nearest(np.full((queries, k), -1), np.full((queries, k), -np.inf))


def _search(query: Floats, rows: Floats, index: Int64s, nearest: Nearest) -> None:
    """Add the nearest of some rows, which have these gallery indices, to the lists.

    faiss proposes rows. Where one that it left out may be as near as the last item of a list, by
    the bounds of its rounding, all rows are looked at.
    """
    query_32, rows_32 = (np.ascontiguousarray(a, np.float32) for a in (query, rows))
    room, workers = slack(rows.shape[1]), get_num_threads()
    unsettled = np.empty(len(query), bool)
    count = min(nearest.items.shape[1] + _SPARE, len(rows))
    with _matrix_products():
        near, proposed = faiss.knn(query_32, rows_32, count, faiss.METRIC_INNER_PRODUCT)
    offer(query, rows, index, proposed, near, room, workers, *nearest, unsettled)
    left = np.flatnonzero(unsettled)
    for block in query_blocks(len(left), 4 * len(rows)):
        some = left[block]
        offer_all(query, rows, index, some, query_32[some] @ rows_32.T, room, workers, *nearest)


@contextmanager
def _matrix_products() -> Iterator[None]:
    """Let faiss multiply matrices unless there is only a handful of queries.

    By default it does so only from 128,000 numbers in all queries together. A thousand queries of
    128 dimensions could then take less time than half as many.
    """
    before = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = _PRODUCTS_FROM
    try:
        yield
    finally:
        faiss.cvar.distance_compute_blas_threshold = before


def unit_blocks(
    name: str, gallery: ArrayLike, chunk: slice, rows: int, dtype: np.dtype[Any] = _FLOAT32
) -> Iterator[tuple[int, Floats]]:
    """Read some rows of a gallery, block by block, and scale them to unit length.

    The next block is read while the caller works on one, since a gallery may be on a slow disk.

    Args:
        name: of the gallery, for messages and the progress bar.
        gallery: (N, d) in memory or memory-mapped.
        chunk: which rows.
        rows: number of rows per block.
        dtype: of the blocks.

    Yields:
        The index of a block's first row, and the block.

    Raises:
        InputError: a row is not finite or has no direction.
    """
    stored: Floats = np.asanyarray(gallery)
    # Pages are dropped below once they are read. Copy-on-write pages would lose what was written.
    mapped = getattr(stored, "_mmap", None) if getattr(stored, "mode", None) == "r" else None

    def read(first: int) -> tuple[int, Floats]:
        block = unit_rows(name, stored[first : min(first + rows, chunk.stop)], first, dtype)
        if mapped is not None:
            mapped.madvise(mmap.MADV_DONTNEED)  # else what was read stays in this process
        return first, block

    first, *others = range(chunk.start, chunk.stop, rows)
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(read, first)
        for following in tqdm([*others, None], desc=name, unit="block", disable=None):
            block = ahead.result()
            if following is not None:
                ahead = reader.submit(read, following)
            yield block


def unit_rows(name: str, rows: Floats, first: int = 0, dtype: np.dtype[Any] = _FLOAT32) -> Floats:
    """Copy rows and scale them to unit length.

    Args:
        name: of the array that they are from, for the message.
        rows: (n, d).
        first: index of the first of them in that array.
        dtype: of the result.

    Returns:
        (n, d) of this type.

    Raises:
        InputError: a row is not finite or has no direction.
    """
    unit = np.array(moderate(rows), dtype, order="C")
    scaled = to_unit(unit)
    if scaled < len(unit):
        raise InputError(
            f"{name}: expected finite vectors with a direction, got one of length "
            f"{np.linalg.norm(np.asarray(rows[scaled], np.float64))} at row {first + scaled}"
        )
    return unit


def merged(lists: Sequence[Nearest], k: int) -> Nearest:
    """The k nearest of several lists that share no item and are equally long."""
    items = np.stack([each.items for each in lists])
    similarity = np.stack([each.similarity for each in lists])
    return Nearest(*merge_sorted(items, similarity, get_num_threads(), k))


def by_index(items: Int64s, similarity: Float32s) -> Nearest:
    """Lists in which ties go to the lower index, from those that leave it open."""
    values = np.where(items < 0, -np.inf, similarity)
    ranking = np.lexsort((items, -values), axis=1)
    return Nearest(*(np.take_along_axis(a, ranking, axis=1) for a in (items, values)))


def opened(name: str, system: tuple[ArrayLike, ArrayLike]) -> System:
    """Return a system whose gallery is as wide as its queries, and is not read yet.

    Raises:
        InputError: queries are not usable, or the gallery is no array of such rows.
    """
    validate.pair(name, system)
    query = validate.embeddings(f"{name}[0] (query)", system[0])
    gallery = validate.rows_like(f"{name}[1] (gallery)", system[1])
    if gallery.shape[1] != query.shape[1]:
        raise InputError(
            f"{name}[1] (gallery): expected {query.shape[1]} dimensions as in its queries, "
            f"got {gallery.shape[1]}"
        )
    return System(query, gallery)
