"""The k nearest items of every query while a gallery is backfilled, exactly and in one pass.

Made for galleries that do not fit the memory: both systems' embeddings may be memory-mapped, in
any floating type, and each is read once, front to back, for all checkpoints together. An item
waits until the group it belongs to arrives, and is backfilled from then on; so the nearest items
at a checkpoint are among the nearest waiting ones of the groups to come and the nearest backfilled
ones of the groups that have arrived, and only these are kept.
"""

import mmap
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import faiss
import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from backfill import validate
from backfill.compute import LOCAL, Engine
from backfill.errors import InputError
from backfill.retrieval.schedule import Schedule

Float32s = NDArray[np.float32]
Int64s = NDArray[np.int64]
Pair = tuple[Float32s, ArrayLike]

# Rows read at a time: 256 MiB at 128 dimensions. Small blocks would cost more in partial rankings.
BLOCK_ROWS = 2**19
# Numbers in all queries together from which matrix products are worth it: 4 queries of 128.
_PRODUCTS_FROM = 512
# Of vectors shorter than this the squares lose digits.
_SHORT = 1e-15


class Nearest(NamedTuple):
    """Items by falling similarity, ties by gallery index; -1 and -inf where there are no more."""

    items: Int64s  # (Q, k)
    similarity: Float32s  # (Q, k)


def nearest_items(
    before: Pair,
    after: Pair,
    schedule: Schedule,
    k: int,
    *,
    block_rows: int = BLOCK_ROWS,
    engine: Engine = LOCAL,
) -> Iterator[Nearest]:
    """Yield the k nearest items of every query at each checkpoint.

    Similarities are cosines in float32. Of several items that are equally far away at the k-th
    place, it is not said which are kept.

    Args:
        before: (query (Q, d1), gallery (N, d1)) of the system that ranks waiting items.
        after: (query (Q, d2), gallery (N, d2)) of the one that ranks backfilled items.
        schedule: from which checkpoint an item is backfilled, or there at all.
        k: items a query.
        block_rows: of the gallery, to be held at a time.
        engine: where the galleries are searched, in parts.

    Raises:
        InputError: a row of a gallery is not finite or has no direction; names the row.
    """
    checkpoints = len(schedule.edges) - 2
    # Newcomers never wait: the old system knows nothing of them.
    waiting = np.where(schedule.newcomer, 0, schedule.arrival)
    sides = [
        _Side("before[1] (gallery)", before, waiting, range(1, checkpoints + 1), k, block_rows),
        _Side("after[1] (gallery)", after, schedule.arrival, range(checkpoints), k, block_rows),
    ]
    parts = engine.cut(len(waiting))
    tasks = [(side, part) for side in (0, 1) for part in parts]
    found: list[list[Nearest]] = [[], []]
    searched = engine.map(_searched, sides, tasks, title="gallery")
    for (side, _), groups in zip(tasks, searched, strict=True):
        had = found[side]
        found[side] = [merged(pair, k) for pair in zip(had, groups, strict=True)] if had else groups
    for t in range(checkpoints):
        yield merged([*found[0][t:], *found[1][: t + 1]], k)


class _Side(NamedTuple):
    """One of the two systems: items of group g are searched for if g is in `groups`."""

    name: str
    system: Pair
    group: Int64s  # (N,)
    groups: range
    k: int
    block_rows: int


def _searched(sides: list[_Side], task: tuple[int, slice]) -> list[Nearest]:
    """The nearest items of each group among some rows of one system's gallery."""
    side, part = sides[task[0]], task[1]
    query = unit_rows("query", np.asarray(side.system[0]))
    found = [faiss.ResultHeap(len(query), side.k, keep_max=True) for _ in side.groups]
    for first, rows in unit_blocks(side.name, side.system[1], part, side.block_rows):
        of_block = side.group[first : first + len(rows)]
        for heap, group in zip(found, side.groups, strict=True):
            chosen = np.flatnonzero(of_block == group)
            if len(chosen):
                # faiss keeps its own best of a block, and the heap the best of all blocks.
                with _matrix_products():
                    similarity, place = faiss.knn(
                        query, rows[chosen], min(side.k, len(chosen)), faiss.METRIC_INNER_PRODUCT
                    )
                heap.add_result(similarity, chosen[place] + first)
    for heap in found:
        heap.finalize()
    return [Nearest(heap.I, heap.D) for heap in found]


@contextmanager
def _matrix_products() -> Iterator[None]:
    """Have faiss multiply matrices for any but a handful of queries.

    By itself it does so from 128,000 numbers in all queries together on: a thousand of 128
    dimensions could then take less time than half as many.
    """
    before = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = _PRODUCTS_FROM
    try:
        yield
    finally:
        faiss.cvar.distance_compute_blas_threshold = before


def unit_blocks(
    name: str, gallery: ArrayLike, part: slice, rows: int
) -> Iterator[tuple[int, Float32s]]:
    """Yield (first row, rows of unit length in float32), block by block, of a part of a gallery.

    The next block is read while the caller works on one: a gallery may come from a slow disk.
    """
    stored: NDArray[np.floating] = np.asanyarray(gallery)  # type: ignore[type-arg]
    # Copies on write would be lost with what is dropped below.
    mapped = getattr(stored, "_mmap", None) if getattr(stored, "mode", None) == "r" else None

    def read(first: int) -> tuple[int, Float32s]:
        block = unit_rows(name, stored[first : min(first + rows, part.stop)], first)
        if mapped is not None:
            mapped.madvise(mmap.MADV_DONTNEED)  # what was read stays in the process otherwise
        return first, block

    first, *others = range(part.start, part.stop, rows)
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(read, first)
        for following in tqdm([*others, None], desc=name, unit="block", disable=None):
            block = ahead.result()
            if following is not None:
                ahead = reader.submit(read, following)
            yield block


def unit_rows(name: str, rows: NDArray[np.floating], first: int = 0) -> Float32s:  # type: ignore[type-arg]
    """Copy rows as float32 of unit length."""
    unit = np.array(rows, np.float32, order="C")
    norms = np.sqrt(np.einsum("ij,ij->i", unit, unit))
    # Squares vanish, or overflow, long before numbers do.
    odd = np.flatnonzero(~((norms > _SHORT) & np.isfinite(norms)))
    if len(odd):
        largest = np.abs(unit[odd]).max(axis=1)
        wrong = odd[~((largest > 0) & np.isfinite(largest))]
        if len(wrong):
            raise InputError(
                f"{name}: expected finite vectors with a direction, got one of length "
                f"{norms[wrong[0]]} at row {first + wrong[0]}"
            )
        unit[odd] /= largest[:, None]
        norms[odd] = np.linalg.norm(unit[odd], axis=1)
    unit /= norms[:, None]
    return unit


def merged(parts: Sequence[Nearest], k: int) -> Nearest:
    """The k nearest of several lists that share no item."""
    index = np.concatenate([part.items for part in parts], axis=1)
    similarity = np.concatenate([part.similarity for part in parts], axis=1)
    similarity[index < 0] = -np.inf
    if index.shape[1] > k:
        best = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        index, similarity = (np.take_along_axis(a, best, axis=1) for a in (index, similarity))
    ranking = np.lexsort((index, -similarity), axis=1)
    index, similarity = (np.take_along_axis(a, ranking, axis=1) for a in (index, similarity))
    return Nearest(index, similarity)


def checked_gallery(name: str, gallery: ArrayLike, query: ArrayLike) -> int:
    """Require a 2-D gallery as wide as its queries, without reading it; return its size."""
    stored: NDArray[np.floating] = np.asanyarray(gallery)  # type: ignore[type-arg]
    if stored.ndim != 2 or len(stored) == 0 or stored.dtype.kind != "f":
        raise InputError(
            f"{name}: expected floating-point rows (items, dimensions), "
            f"got {stored.dtype} of shape {stored.shape}"
        )
    width = validate.embeddings("query", query).shape[1]
    if stored.shape[1] != width:
        raise InputError(
            f"{name}: expected {width} dimensions as in its queries, got {stored.shape[1]}"
        )
    return len(stored)
