"""The nearest items while a gallery is backfilled, from faiss indexes of either side.

Each system has one index of the whole gallery. At a checkpoint the old one is searched among the
items that wait, the new one among those that are backfilled, as a vector database would be with a
filter, and the two lists are merged.
"""

# The stubs that come with faiss lack what its Python side adds.
# mypy: disable-error-code="call-arg, attr-defined, arg-type, union-attr, no-any-return"

from collections.abc import Iterator
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from backfill.errors import InputError
from backfill.retrieval.nearest import (
    BLOCK_ROWS,
    Int64s,
    Nearest,
    Pair,
    merged,
    unit_blocks,
    unit_rows,
)
from backfill.retrieval.schedule import Schedule

Float64s = NDArray[np.float64]

# faiss asks for at least 39 rows a cell, and samples above 256.
_TRAINED_ON = 256


@dataclass(frozen=True)
class Index:
    """An approximate index of a gallery, and how hard it is searched.

    description: for faiss.index_factory, of an inverted file or an HNSW graph: `IVF1024,Flat`,
    `HNSW32`. effort: cells that a search visits (nprobe), or candidates that it keeps (efSearch),
    where all of the gallery is on one side; of a side with a share s of it, effort / s. A search
    would otherwise see few items of a side that has few, and miss most of the nearest.
    recall_queries: of how many queries, at most, the recall is measured, by exact search.

    Raises InputError for an effort, or a number of queries, below 1.
    """

    description: str
    effort: int = 32
    recall_queries: int = 200

    def __post_init__(self) -> None:
        for name in ("effort", "recall_queries"):
            if getattr(self, name) < 1:
                raise InputError(f"index.{name}: expected at least 1, got {getattr(self, name)}")


def nearest_items_approximately(
    before: Pair,
    after: Pair,
    schedule: Schedule,
    k: int,
    index: Index,
    *,
    block_rows: int = BLOCK_ROWS,
) -> Iterator[Nearest]:
    """Yield the k nearest items that faiss finds for every query at each checkpoint.

    Arguments as in :func:`backfill.retrieval.nearest.nearest_items`.

    Raises:
        InputError: faiss makes no such index of this gallery, or it is of another kind.
    """
    names = "before[1] (gallery)", "after[1] (gallery)"
    queries = [unit_rows("query", np.asarray(pair[0])) for pair in (before, after)]
    indexes = [
        _built(index.description, name, pair, block_rows)
        for name, pair in zip(names, (before, after), strict=True)
    ]
    for t in range(len(schedule.edges) - 2):
        parts = []
        there = schedule.arrival <= t
        waiting = ~there & ~schedule.newcomer
        for query, built, chosen in zip(queries, indexes, (waiting, there), strict=True):
            if not chosen.any():
                continue
            selector = faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))
            search = _search(built, int(np.ceil(index.effort / chosen.mean())), selector)
            similarity, items = built.search(query, k, params=search)
            parts.append(Nearest(items, similarity))
        yield merged(parts, k)


def recall(found: Int64s, exact: Int64s) -> Float64s:
    """(T,) the share of the exact nearest items that was found, mean over the queries.

    found, exact: (Q, T, k) gallery indices, -1 where there are no more.
    """
    times = range(exact.shape[1])
    hits = [[np.isin(e[t], f[t]) for t in times] for f, e in zip(found, exact, strict=True)]
    there = exact >= 0
    return np.asarray((np.array(hits) & there).sum(axis=(0, 2)) / there.sum(axis=(0, 2)))


def _built(index: str, name: str, system: Pair, block_rows: int) -> faiss.Index:
    """The index of a gallery, trained on rows from all over it."""
    gallery: NDArray[np.floating] = np.asanyarray(system[1])  # type: ignore[type-arg]
    try:
        built = faiss.index_factory(gallery.shape[1], index, faiss.METRIC_INNER_PRODUCT)
        if not isinstance(built, faiss.IndexIVF | faiss.IndexHNSW):
            raise InputError(f"index: {index!r}, expected an inverted file or an HNSW graph")
        if not built.is_trained:
            cells = getattr(built, "nlist", _TRAINED_ON)  # a quantised graph has none
            step = max(1, len(gallery) // (_TRAINED_ON * cells))
            built.train(unit_rows(name, gallery[::step]))
    except RuntimeError as error:
        reason = str(error).rpartition("Error: ")[2] or str(error)
        raise InputError(f"index: {index!r} cannot be made of {name}: {reason}") from error
    for _, rows in unit_blocks(name, gallery, slice(0, len(gallery)), block_rows):
        built.add(rows)
    return built


def _search(built: faiss.Index, effort: int, selector: faiss.IDSelector) -> faiss.SearchParameters:
    if isinstance(built, faiss.IndexIVF):
        return faiss.SearchParametersIVF(sel=selector, nprobe=min(effort, built.nlist))
    return faiss.SearchParametersHNSW(sel=selector, efSearch=min(effort, built.ntotal))
