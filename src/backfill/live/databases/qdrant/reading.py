"""What is there: counts, samples, rows, new vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from qdrant_client import models

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.databases.qdrant import filters
from backfill.live.databases.qdrant.carrying import left
from backfill.live.databases.qdrant.points import vector_of
from backfill.live.databases.qdrant.rows import rows_of
from backfill.live.databases.qdrant.view import View
from backfill.live.sharing import drawn
from backfill.live.terms import Counts, Filter, Id, Rows

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
    uncarried = sum(1 for _ in left(view)) if view.carries else 0
    return Counts(items, done, written - done, 0, uncarried, unsearchable=unseen)


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
    return rows_of(view, view.some_points(ids, [old]), old)


def rows(view: View) -> Iterator[Rows]:
    """All items with an old vector, in blocks."""
    old = view.the_old()
    points = view.points(filters.has(old), [old], payload=False)
    while block := list(islice(points, _BLOCK)):
        yield rows_of(view, block, old)


def new_vectors(view: View, ids: Sequence[Id]) -> dict[Id, Float32s]:
    """Those of the items that are done."""
    found = {}
    for point in view.some_points(ids, [view.names.new, view.names.print]):
        vector = vector_of(point, view.names.new)
        if vector is not None and view.is_done(point):
            found[point.id] = vector
    return found


def require_keys(view: View, where: Filter) -> None:
    """Require that some payload has each key of a filter.

    Raises:
        InputError: none has.
    """
    for key in where:
        if next(view.points(filters.some(key), payload=False), None) is None:
            raise InputError(f"where: expected a key that payloads have, got {key!r}")
