"""What is there: counts, samples, rows, new vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from qdrant_client import models

from backfill.arrays import Float32s
from backfill.live.base import Counts, Id, Rows
from backfill.live.databases.qdrant import filters
from backfill.live.databases.qdrant.view import View, vector_of
from backfill.live.fingerprint import text_of
from backfill.live.sharing import drawn

_BLOCK = 1000


def counts(view: View) -> Counts:
    """Read all contents and fingerprints once, and count."""
    items = view.client.api.count(view.settings.collection, count_filter=view.item).count
    written = done = 0
    for point in view.points(filters.has(view.names.print), [view.names.print]):
        written += 1
        done += view.is_done(point)
    if view.old is None:
        unseen = items - done
    else:
        without = filters.all_of(view.item, filters.lacks(view.old))
        unseen = sum(not view.is_done(p) for p in view.points(without, [view.names.print]))
    return Counts(items, done, stale=written - done, orphans=0, unsearchable=unseen)


def stale(view: View) -> set[Id]:
    """Items whose new vector is not of their current content."""
    points = view.points(filters.has(view.names.print), [view.names.print])
    return {point.id for point in points if not view.is_done(point)}


def sample(view: View, n: int, seed: int) -> Rows:
    """Draw those with the smallest hashes of key and seed."""
    old = view.the_old()
    content = models.Filter(should=[filters.some(key) for key in view.settings.content])
    whole = view.points(filters.all_of(filters.has(old), content), payload=False)
    ids = drawn((point.id for point in whole), n, seed)
    return _rows(view, view.some_points(ids, [old]), old)


def rows(view: View) -> Iterator[Rows]:
    """All items with an old vector, in blocks."""
    old = view.the_old()
    points = view.points(filters.has(old), [old], payload=False)
    while block := list(islice(points, _BLOCK)):
        yield _rows(view, block, old)


def new_vectors(view: View, ids: Sequence[Id]) -> dict[Id, Float32s]:
    """Those of the items that are done."""
    found = {}
    for point in view.some_points(ids, [view.names.new, view.names.print]):
        vector = vector_of(point, view.names.new)
        if vector is not None and view.is_done(point):
            found[point.id] = vector
    return found


def _rows(view: View, points: Sequence[Any], old: str) -> Rows:
    vectors = [vector_of(point, old) for point in points]
    there = [number for number, vector in enumerate(vectors) if vector is not None]
    width = view.vectors[old].size
    return Rows(
        [points[number].id for number in there],
        np.array([vectors[number] for number in there], np.float32).reshape(len(there), width),
        [text_of(view.content(points[number].payload)) for number in there],
    )
