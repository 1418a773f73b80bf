"""Old vectors that are carried forward: which are next, and writing them.

Each stands in its point beside a copy of the old vector that it was made from, which Qdrant cannot
compare with the old one: it is read and compared here. An upsert of the application replaces a
whole point, and so takes the carried vector away; all the rest needs a look at every point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from qdrant_client import models

from backfill.arrays import Float32s
from backfill.live.databases.qdrant import filters
from backfill.live.databases.qdrant.claims import claimed
from backfill.live.databases.qdrant.points import vector_of
from backfill.live.databases.qdrant.rows import rows_of
from backfill.live.databases.qdrant.view import View
from backfill.live.sparing import NONE
from backfill.live.terms import Id, Rows

_AT_ONCE = 64  # points of one request: each has a condition of its own


def never(view: View, user: models.Filter | None = None) -> Iterator[Any]:
    """Points with an old vector that have neither a carried vector nor a new one.

    Args:
        view: of the collection.
        user: the user's conditions.
    """
    lack = [filters.lacks(name) for name in (view.names.source, view.names.print)]
    condition = filters.all_of(user, filters.has(str(view.old)), *lack)
    return view.points(condition, [str(view.old)])


def left(view: View, user: models.Filter | None = None) -> Iterator[Any]:
    """Points that wait and whose old vector was not carried, found by reading all."""
    points = view.points(filters.all_of(user, filters.has(str(view.old))), view.beside)
    return (p for p in points if not view.is_done(p) and not view.is_carried(p))


def uncarried(view: View, limit: int) -> Rows:
    """Items to carry next; if none was never carried, old vectors that have changed since."""
    if not view.carries:
        return NONE
    points = [*islice(never(view), limit)] or drop_changed(view)[:limit]
    found = rows_of(view, points, str(view.old))
    return Rows(found.ids, found.vectors, [""] * len(found.ids))


def drop_changed(view: View) -> list[Any]:
    """Remove carried vectors of old vectors that have changed, so that everybody sees it.

    Returns:
        All points that are to be carried.
    """
    points = [*left(view)] if view.carries else []
    names = view.names
    changed = [point.id for point in points if vector_of(point, names.source) is not None]
    if changed:
        view.client.api.delete_vectors(
            view.settings.collection, [names.carried, names.source], points=changed
        )
    return points


def carry(view: View, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
    """Write carried vectors of items that wait and whose old vector is still the given one."""
    if not view.carries:
        return 0
    row = {id_: number for number, id_ in enumerate(ids)}
    found = claimed(view, ids, [str(view.old)])
    same = [point for point in found if view.has_old(point, old[row[point.id]])]
    for start in range(0, len(same), _AT_ONCE):
        points = same[start : start + _AT_ONCE]
        contents = [view.content(point.payload) for point in points]
        unchanged = filters.as_claimed(
            [point.id for point in points], contents, view.settings.content
        )
        view.put([_vectors(view, p.id, old, carried, row[p.id]) for p in points], unchanged)
    return len(same)


def _vectors(
    view: View, id_: Id, old: Float32s, carried: Float32s, row: int
) -> models.PointVectors:
    vectors = {view.names.carried: carried[row].tolist(), view.names.source: old[row].tolist()}
    return models.PointVectors(id=id_, vector=vectors)
