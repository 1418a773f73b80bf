"""The nearest items while a gallery is backfilled, from a faiss index for each system.

Each index holds the whole gallery. At a checkpoint the old one is searched among the items that
wait, the new one among those that are backfilled, as a vector database would do with a filter, and
the two lists are merged.
"""

# The type stubs of faiss lack what its Python side adds.
# mypy: disable-error-code="call-arg, attr-defined, arg-type, union-attr, no-any-return"

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import faiss
import numpy as np

from backfill import validate
from backfill.arrays import Float64s, Floats, Int64s, System
from backfill.errors import InputError
from backfill.retrieval.nearest import (
    BLOCK_ROWS,
    Nearest,
    by_index,
    merged,
    unit_blocks,
    unit_rows,
)
from backfill.retrieval.schedule import Schedule

# Training rows per cell: faiss wants at least 39, and uses at most 256.
_ROWS_PER_CELL = 256
# A graph of fewer than 2 links ends the process; one of very many fills the memory.
_MOST_LINKS = 1024
_LONGEST = 100


@dataclass(frozen=True)
class Index:
    """An approximate index of a gallery, and how hard it is searched.

    Attributes:
        description: of an inverted file or an HNSW graph, for faiss.index_factory: `IVF1024,Flat`,
            `HNSW32`.
        effort: number of cells that a search visits (nprobe) or of candidates that it keeps
            (efSearch) if the whole gallery is on one side. If a share s of the gallery is, effort /
            s. Otherwise a search would see few items of a side that has few, and miss most of the
            nearest.
        recall_queries: the largest number of queries for which the recall is measured, by exact
            search.

    Raises:
        InputError: an effort or a number of queries is below 1, or the description has a number
            that faiss does not survive.
    """

    description: str
    effort: int = 32
    recall_queries: int = 200

    def __post_init__(self) -> None:
        for name in ("effort", "recall_queries"):
            validate.count(f"index.{name}", getattr(self, name))
        described = validate.text("index.description", self.description)
        numbers = re.findall(r"[0-9]+", described)
        if (
            not 0 < len(described) <= _LONGEST
            or not described.isascii()
            or any(not int(number) for number in numbers)
        ):
            raise InputError(
                f"index.description: expected 1 to {_LONGEST} ASCII characters, and "
                f"numbers above 0, got {validate.shown(described)}"
            )
        for links in map(int, re.findall(r"HNSW([0-9]+)", described)):
            validate.count(f"index.description: HNSW{links}", links, 2, _MOST_LINKS)


def nearest_items_approximately(
    before: System,
    after: System,
    schedule: Schedule,
    k: int,
    index: Index,
    *,
    block_rows: int = BLOCK_ROWS,
) -> Iterator[Nearest]:
    """Find the k nearest items of every query at each checkpoint with faiss indexes.

    Args:
        before: (Q, d1) queries and (N, d1) gallery of the system that ranks waiting items.
        after: (Q, d2) queries and (N, d2) gallery of the system that ranks backfilled items.
        schedule: when items are backfilled, or come.
        k: number of items per query.
        index: of either gallery.
        block_rows: number of gallery rows that are read at a time.

    Yields:
        The items found at one checkpoint after the other.

    Raises:
        InputError: faiss cannot make such an index of this gallery, the index is of another kind,
            or a row of a gallery is not usable.
    """
    names = "before[1] (gallery)", "after[1] (gallery)"
    queries = [unit_rows("query", np.asarray(system.query)) for system in (before, after)]
    indexes = [
        _built(index.description, name, system.gallery, block_rows)
        for name, system in zip(names, (before, after), strict=True)
    ]
    for t in range(len(schedule.edges) - 2):
        lists = []
        switched = schedule.switches_at <= t
        waiting = ~switched & ~schedule.arriving
        for query, built, chosen in zip(queries, indexes, (waiting, switched), strict=True):
            if not chosen.any():
                continue
            selector = faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))
            search = _search(built, int(np.ceil(index.effort / chosen.mean())), selector)
            similarity, items = built.search(query, k, params=search)
            lists.append(by_index(items, similarity))
        yield merged(lists, k)


def recall(found: Int64s, exact: Int64s) -> Float64s:
    """Measure the share of the exact nearest items that a search found.

    Args:
        found: (Q, T, k) gallery indices, -1 for missing items.
        exact: (Q, T, k) the same of an exact search.

    Returns:
        (T,) the share at each checkpoint, over all queries together.
    """
    times = range(exact.shape[1])
    hits = [[np.isin(e[t], f[t]) for t in times] for f, e in zip(found, exact, strict=True)]
    there = exact >= 0
    return np.asarray((np.array(hits) & there).sum(axis=(0, 2)) / there.sum(axis=(0, 2)))


def _built(description: str, name: str, gallery: Floats, block_rows: int) -> faiss.Index:
    """The index of a gallery, trained on rows from all over it."""
    gallery = np.asanyarray(gallery)
    cells = max(map(int, re.findall(r"IVF([0-9]+)", description)), default=1)
    try:
        if cells > len(gallery):
            raise RuntimeError(f"{cells} cells for {len(gallery)} rows")
        built = faiss.index_factory(gallery.shape[1], description, faiss.METRIC_INNER_PRODUCT)
        if not isinstance(built, faiss.IndexIVF | faiss.IndexHNSW):
            raise InputError(f"index: expected an inverted file or HNSW graph, got {description!r}")
        if not built.is_trained:
            cells = getattr(built, "nlist", _ROWS_PER_CELL)  # a quantised graph has no cells
            step = max(1, len(gallery) // (_ROWS_PER_CELL * cells))
            built.train(unit_rows(name, gallery[::step]))
    except (RuntimeError, MemoryError, TypeError) as error:
        reason = str(error).rpartition("Error: ")[2] or str(error)
        raise InputError(
            f"index: expected one that faiss can make of {name}, got {description!r}: {reason}"
        ) from error
    for _, rows in unit_blocks(name, gallery, slice(0, len(gallery)), block_rows):
        built.add(rows)
    return built


def _search(built: faiss.Index, effort: int, selector: faiss.IDSelector) -> faiss.SearchParameters:
    """How an index is searched among the selected items."""
    if isinstance(built, faiss.IndexIVF):
        return faiss.SearchParametersIVF(sel=selector, nprobe=min(effort, built.nlist))
    return faiss.SearchParametersHNSW(sel=selector, efSearch=min(effort, built.ntotal))
