"""An exact search: one pass over all vectors, as no request of Milvus goes past its indexes."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from backfill.arrays import Float32s
from backfill.live.databases.milvus.collections import PRINT, VECTOR
from backfill.live.databases.milvus.shape import vector_of
from backfill.live.databases.milvus.view import View
from backfill.live.terms import Hit, Id, Query, Sides


def exactly(view: View, queries: Sequence[Query], k: int, condition: str) -> list[Sides]:
    """Compare all queries with every vector of items that hold a condition, page by page."""
    found = [Sides([], []) for _ in queries]
    old = view.old if any(query.waiting is not None for query in queries) else None
    fields = [*view.text, *([old] if old else [])]
    width = max(view.shape.width, view.prepared.width if view.prepared else 0)
    for page in view.pages(fields, condition, width):
        rows = {row[view.shape.id]: row for row in page}
        new = view.new_rows(rows, [PRINT, VECTOR]) if view.prepared else {}
        done, waiting = dict[Id, Float32s](), dict[Id, Float32s]()
        for id_, row in rows.items():
            if id_ in new and view.is_done(row, new[id_][PRINT]):
                done[id_] = np.asarray(new[id_][VECTOR], np.float32)
            elif old and (vector := vector_of(row.get(old))) is not None:
                waiting[id_] = vector
        for query, sides in zip(queries, found, strict=True):
            _add(sides.waiting, query.waiting, waiting, k)
            _add(sides.done, query.new, done, k)
    return found


def _add(hits: list[Hit], query: Float32s | None, vectors: dict[Id, Float32s], k: int) -> None:
    """Keep the nearest k of what was found before and of these."""
    if query is None or not vectors:
        return
    matrix = np.stack([*vectors.values()]).astype(np.float64)
    cosines = matrix @ query / np.linalg.norm(matrix, axis=1) / np.linalg.norm(query)
    more = [Hit(id_, float(cosine)) for id_, cosine in zip(vectors, cosines, strict=True)]
    hits[:] = heapq.nlargest(k, [*hits, *more], key=lambda hit: hit.cosine)
