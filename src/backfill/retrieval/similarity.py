"""Cosine similarities, block by block, in which equal embeddings tie exactly.

A matrix product may round the same dot product differently at the edge of the matrix, where another
vector instruction takes over. Two identical gallery rows would then differ in the last bit, and
that bit instead of the gallery index would rank them. Therefore each *distinct* row is multiplied
once, and all its copies share the result. If both systems have the same query embeddings, their
galleries go into one product, so that copies tie across the systems as well. Copies of the query
itself have similarity 1 in every system: rounding would put those that wait before those that are
backfilled, or behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backfill.arrays import Floats, Int64s, System, UInt32s

# Size of a block of similarities. A few tens of MiB make the product efficient at any gallery size.
BLOCK_BYTES = 2**26


def normalise(rows: Floats, dtype: np.dtype[Any]) -> Floats:
    """Scale rows to unit length in float64, then round them once, to `dtype`."""
    result = np.empty(rows.shape, dtype)
    step = max(1, 2**20 // rows.shape[1])
    for start in range(0, len(rows), step):
        block = rows[start : start + step].astype(np.float64)
        block /= np.abs(block).max(axis=1, keepdims=True)  # no square can overflow or vanish
        block /= np.sqrt(np.einsum("ij,ij->i", block, block))[:, None]
        result[start : start + step] = block
    result += 0  # turns -0.0 into 0.0, which are equal but differ in their bytes
    return result


def common_dtype(*arrays: Floats) -> np.dtype[Any]:
    """float64 if any array is float64, else float32."""
    return np.result_type(np.float32, *(array.dtype for array in arrays))


def unit_systems(before: System, after: System) -> tuple[System, System]:
    """Both systems with rows of unit length, in the precision of the more precise one."""
    dtype = common_dtype(*before, *after)
    return (
        System(normalise(before.query, dtype), normalise(before.gallery, dtype)),
        System(normalise(after.query, dtype), normalise(after.gallery, dtype)),
    )


def distinct_rows(rows: Floats) -> tuple[Floats, Int64s]:
    """Find the distinct rows of a matrix.

    Args:
        rows: (N, d).

    Returns:
        The distinct rows (M, d) by first appearance, and (N,) which of them each row equals.
    """
    seen: dict[memoryview, int] = {}
    columns = np.fromiter(
        (seen.setdefault(content, len(seen)) for content in _contents(rows)),
        dtype=np.int64,
        count=len(rows),
    )
    if len(seen) == len(rows):
        return rows, columns
    return rows[np.unique(columns, return_index=True)[1]], columns


def copies_of(query: Floats, rows: Floats) -> Int64s:
    """Find which of distinct rows (M, d) each query (Q, d) equals, (Q,); -1 for none."""
    at = {content: column for column, content in enumerate(_contents(rows))}
    return np.fromiter((at.get(content, -1) for content in _contents(query)), np.int64, len(query))


def _contents(rows: Floats) -> Iterator[memoryview]:
    """Each row's bytes."""
    width = rows.shape[1] * rows.itemsize
    content = memoryview(rows.tobytes())  # whose slices hash and compare without further copies
    return (content[i * width : (i + 1) * width] for i in range(len(rows)))


def query_blocks(queries: int | slice, row_bytes: int) -> Iterator[slice]:
    """Cut queries into blocks of about BLOCK_BYTES.

    Args:
        queries: how many there are, or a slice of them.
        row_bytes: memory that each query takes.

    Yields:
        Consecutive slices.
    """
    chunk = queries if isinstance(queries, slice) else slice(0, queries)
    step = max(1, BLOCK_BYTES // row_bytes)
    for start in range(chunk.start, chunk.stop, step):
        yield slice(start, min(start + step, chunk.stop))


@dataclass(frozen=True)
class SimilarityPlan:
    """Which matrix products two systems need, and where in them each item's similarity is.

    A block of similarities is (B, width): the products side by side.

    Attributes:
        products: one or two systems of unit rows, with only the distinct rows of their galleries.
        columns: (2, N) where in a block the similarity of the i-th item of an order is, before and
            after it is backfilled.
        copies: for each product, (Q,) which of its rows each query equals; -1 for none.
    """

    products: tuple[System, ...]
    columns: UInt32s
    copies: tuple[Int64s, ...]

    @classmethod
    def of(
        cls, before: System, after: System, order: Int64s, *, apart: bool = False
    ) -> SimilarityPlan:
        """Plan the products of two systems of unit rows.

        Args:
            before: (Q, d1) queries and (N, d1) gallery.
            after: (Q, d2) queries and (N, d2) gallery.
            order: (N,) gallery indices; columns follow it, for locality.
            apart: whether each system gets a product of its own even if their queries are equal.

        Returns:
            The plan.
        """
        if not apart and np.array_equal(before.query, after.query):
            both = np.concatenate([before.gallery[order], after.gallery[order]])
            rows, columns = distinct_rows(both)
            found = columns.reshape(2, -1).astype(np.uint32)
            return cls((System(before.query, rows),), found, (copies_of(before.query, rows),))
        rows_before, columns_before = distinct_rows(before.gallery[order])
        rows_after, columns_after = distinct_rows(after.gallery[order])
        columns = np.stack([columns_before, columns_after + len(rows_before)])
        products = System(before.query, rows_before), System(after.query, rows_after)
        copies = copies_of(before.query, rows_before), copies_of(after.query, rows_after)
        return cls(products, columns.astype(np.uint32), copies)

    @property
    def width(self) -> int:
        """Number of similarities per query."""
        return sum(len(product.gallery) for product in self.products)

    def blocks(self, queries: slice, extra_bytes: int = 0) -> Iterator[tuple[slice, Floats]]:
        """Compute the similarities of some queries, block by block.

        Args:
            queries: consecutive ones.
            extra_bytes: memory per query that the caller needs besides, for the size of a block.

        Yields:
            The queries of a block and their similarities (B, width), in an array that the next
            block overwrites.
        """
        dtype = self.products[0].query.dtype
        memory: Floats | None = None
        for block in query_blocks(queries, self.width * dtype.itemsize + extra_bytes):
            if memory is None:
                memory = np.empty((block.stop - block.start, self.width), dtype)
            similarity = memory[: block.stop - block.start]
            first = 0
            for (query, rows), copies in zip(self.products, self.copies, strict=True):
                np.matmul(query[block], rows.T, out=similarity[:, first : first + len(rows)])
                some = np.flatnonzero(copies[block] >= 0)
                similarity[some, first + copies[block][some]] = 1
                first += len(rows)
            yield block, similarity
