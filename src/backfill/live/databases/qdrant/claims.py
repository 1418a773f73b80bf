"""Which items a worker takes next, and how their vectors are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.databases.qdrant import filters
from backfill.live.databases.qdrant.clients import patient
from backfill.live.databases.qdrant.points import as_hex, as_vector, vector_of
from backfill.live.databases.qdrant.view import View
from backfill.live.fingerprint import text_of
from backfill.live.sharing import Part, in_part, ranking
from backfill.live.terms import Id, Item

_AT_ONCE = 64  # points of one request: each has a condition of its own, which all are compared with


def waiting(view: View, stale: set[Id], part: Part) -> Iterator[tuple[Any, Id]]:
    """Items that are known to wait: what to sort by, and the key.

    Args:
        view: of the collection.
        stale: what `reconcile` found, which comes first.
        part: of the items.
    """
    assert view.prepared is not None
    rank = ranking(view.prepared.order, view.prepared.first)
    for id_ in stale:
        if in_part(id_, part):
            yield (False, rank(id_)), id_
    unwritten = filters.all_of(view.item, filters.lacks(view.names.print))
    for point in view.points(unwritten, payload=False):
        if in_part(point.id, part):
            yield (True, rank(point.id)), point.id


def claimed(view: View, ids: Sequence[Id], more: Sequence[str] = ()) -> list[Any]:
    """Those of the points that wait, with their fingerprints and further vectors."""
    if not ids:
        return []
    found = view.some_points(list(dict.fromkeys(ids)), [view.names.print, *more])
    return [point for point in found if not view.is_done(point)]


class Claim:
    """Items with their content as it was read, which is what their vectors are written for.

    Args:
        view: in which they were read.
        points: that were read.
    """

    def __init__(self, view: View, points: Sequence[Any]) -> None:
        self._view, self.patience = view, view.settings.patience
        self._contents = [view.content(point.payload) for point in points]
        self.items: Sequence[Item] = [
            Item(point.id, text_of(content), view.print_of(point.payload))
            for point, content in zip(points, self._contents, strict=True)
        ]

    def write(self, vectors: Float32s) -> int:
        """Write each vector with its fingerprint, if the point's content is what was claimed.

        Raises:
            InputError: not one vector per item, or of another width, or not finite.
        """
        prepared = self._view.prepared
        assert prepared is not None
        shape = (len(self.items), prepared.width)
        vectors = np.asarray(vectors, np.float32)
        if vectors.shape != shape or not np.isfinite(vectors).all():
            raise InputError(f"vectors: expected finite ones of shape {shape}, got {vectors.shape}")
        starts = range(0, len(self.items), _AT_ONCE)
        return sum(self._write(slice(start, start + _AT_ONCE), vectors) for start in starts)

    @patient
    def _write(self, rows: slice, vectors: Float32s) -> int:
        items, names = self.items[rows], self._view.names
        ids = [item.id for item in items]
        points = [
            models.PointVectors(
                id=item.id,
                vector={names.new: vector, names.print: as_vector(item.fingerprint)},
            )
            for item, vector in zip(items, vectors[rows].tolist(), strict=True)
        ]
        unchanged = filters.as_claimed(ids, self._contents[rows], self._view.settings.content)
        with self._view.client.together:
            self._view.put(points, unchanged)
            found = self._view.some_points(ids, [names.print])
        written = dict(zip(ids, (item.fingerprint for item in items), strict=True))
        stored = [(point, vector_of(point, names.print)) for point in found]
        return sum(
            print_ is not None and as_hex(print_) == written[point.id] and self._view.is_done(point)
            for point, print_ in stored
        )
