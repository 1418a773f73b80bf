"""Cosine similarities block by block, such that equal embeddings tie exactly.

A matrix product may round the same dot product differently at the edge of the matrix, where another
vector instruction takes over. Two identical gallery rows would then differ in the last bit, and
that bit instead of the gallery index would rank them. Therefore each *distinct* row is multiplied
once and its similarity is shared by all its copies. Where both systems use the same query
embeddings, their galleries go into one product, so that copies tie across the systems as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
UInt32s = NDArray[np.uint32]
Pair = tuple[Floats, Floats]

# Similarities held at a time. A few tens of MiB make the product efficient, at any gallery size.
BLOCK_BYTES = 2**26


def normalise(rows: Floats, dtype: np.dtype[Any]) -> Floats:
    """L2-normalise in float64, then round to `dtype`: the rounding is that of one operation."""
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


def unit_pairs(before: Pair, after: Pair) -> tuple[Pair, Pair]:
    """Both systems with rows of unit length, in the precision of the more precise."""
    dtype = common_dtype(*before, *after)
    (query_0, gallery_0), (query_1, gallery_1) = before, after
    return (
        (normalise(query_0, dtype), normalise(gallery_0, dtype)),
        (normalise(query_1, dtype), normalise(gallery_1, dtype)),
    )


def distinct_rows(rows: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distinct rows by first appearance, and for each row where its equal is in them."""
    width = rows.shape[1] * rows.itemsize
    content = memoryview(rows.tobytes())  # whose slices hash and compare without further copies
    seen: dict[memoryview, int] = {}
    columns = np.fromiter(
        (
            seen.setdefault(content[i * width : (i + 1) * width], len(seen))
            for i in range(len(rows))
        ),
        dtype=np.int64,
        count=len(rows),
    )
    if len(seen) == len(rows):
        return rows, columns
    return rows[np.unique(columns, return_index=True)[1]], columns


def query_blocks(queries: int | slice, row_bytes: int) -> Iterator[slice]:
    """Cut the queries, or a part of them, into blocks of about BLOCK_BYTES, `row_bytes` each."""
    part = queries if isinstance(queries, slice) else slice(0, queries)
    step = max(1, BLOCK_BYTES // row_bytes)
    for start in range(part.start, part.stop, step):
        yield slice(start, min(start + step, part.stop))


@dataclass(frozen=True)
class SimilarityPlan:
    """The products of one or two systems, and where each item's similarity is found in them.

    products: (query (Q, d), distinct gallery rows (M_i, d)), one or two; a block of similarities is
    (B, width) with width = sum of M_i. columns: (2, N), of the i-th item of the backfill order
    before and after it is backfilled.
    """

    products: tuple[Pair, ...]
    columns: UInt32s

    @classmethod
    def of(
        cls, before: Pair, after: Pair, order: NDArray[np.int64], *, apart: bool = False
    ) -> "SimilarityPlan":
        """Plan for (query, gallery) pairs of unit rows; columns follow `order` for locality.

        With `apart`, each system has a product of its own whatever they have in common.
        """
        if not apart and np.array_equal(before[0], after[0]):
            both = np.concatenate([before[1][order], after[1][order]])
            rows, columns = distinct_rows(both)
            return cls(((before[0], rows),), columns.reshape(2, -1).astype(np.uint32))
        rows_before, columns_before = distinct_rows(before[1][order])
        rows_after, columns_after = distinct_rows(after[1][order])
        columns = np.stack([columns_before, columns_after + len(rows_before)])
        products = (before[0], rows_before), (after[0], rows_after)
        return cls(products, columns.astype(np.uint32))

    @property
    def width(self) -> int:
        """Number of similarities per query."""
        return sum(len(rows) for _, rows in self.products)

    def blocks(self, part: slice, extra_bytes: int = 0) -> Iterator[tuple[slice, Floats]]:
        """Yield (queries, similarities (B, width)); the array is overwritten by the next block.

        part: of the queries. extra_bytes: what the caller will hold for each of a block besides.
        """
        dtype = self.products[0][0].dtype
        memory: Floats | None = None
        for block in query_blocks(part, self.width * dtype.itemsize + extra_bytes):
            if memory is None:
                memory = np.empty((block.stop - block.start, self.width), dtype)
            similarity = memory[: block.stop - block.start]
            first = 0
            for query, rows in self.products:
                np.matmul(query[block], rows.T, out=similarity[:, first : first + len(rows)])
                first += len(rows)
            yield block, similarity
