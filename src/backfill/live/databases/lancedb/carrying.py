"""Old vectors that are carried forward: which are next, and writing them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from backfill.arrays import Float32s
from backfill.live.databases.lancedb.carried import Carrying
from backfill.live.databases.lancedb.claims import claimed
from backfill.live.databases.lancedb.reading import matrix, texts
from backfill.live.databases.lancedb.rule import STALE
from backfill.live.databases.lancedb.sql import both
from backfill.live.databases.lancedb.tables import Gallery
from backfill.live.databases.lancedb.view import View
from backfill.live.fingerprint import fingerprint
from backfill.live.sparing import NONE
from backfill.live.terms import Id, Rows, Uncarried


def uncarried(view: View, limit: int) -> Rows:
    """Items to carry next; if there are none, those are looked for whose old vector has changed."""
    carrying = Carrying.of(view.rule)
    if carrying is None:
        return NONE
    found = _look(view, carrying, carrying.known, limit)
    if not found.ids and mark(view):
        found = _look(view, carrying, carrying.known, limit)
    return Rows(found.ids, found.vectors, [""] * len(found.ids))


def left(view: View, user: str | None, *, exact: bool) -> Uncarried | None:
    """Items that a search by carried vectors cannot find; None if none are carried forward.

    Args:
        view: of the table.
        user: the user's conditions.
        exact: compare old vectors too, instead of leaving that to `mark`.
    """
    carrying = Carrying.of(view.rule)
    if carrying is None:
        return None
    return _look(view, carrying, both(user, carrying.needed if exact else carrying.known), None)


def mark(view: View) -> int:
    """Compare old vectors with their copies, and mark items in which they differ: their number."""
    carrying = Carrying.of(view.rule)
    if carrying is None or not view.table.count_rows(carrying.changed):
        return 0
    values = {carrying.columns.print: STALE}
    return int(view.table.update(where=carrying.changed, values=values).rows_updated)


def carry(view: View, gallery: Gallery, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
    """Write carried vectors of items that wait and whose old vector is still the given one."""
    carrying = Carrying.of(view.rule)
    if carrying is None:
        return 0
    rule, columns = view.rule, carrying.columns
    rows = claimed(view, ids, [carrying.old])
    place = {id_: place for place, id_ in enumerate(ids)}
    places = np.array([place[id_] for id_ in rows[rule.id].to_pylist()], int)
    same = (matrix(rows[carrying.old]) == np.asarray(old, np.float32)[places]).all(axis=1)
    rows, carried = rows.filter(pa.array(same)), np.asarray(carried, np.float32)[places[same]]
    prints = [fingerprint(rule.model, text) for text in texts(rows, rule)]
    rows = rows.append_column(columns.source, rows[carrying.old])
    rows = rows.append_column(columns.print, pa.array(prints, pa.string()))
    flat = pa.array(np.ascontiguousarray(carried).ravel())
    vectors = pa.FixedSizeListArray.from_arrays(flat, carried.shape[1])
    rows = rows.append_column(columns.vector, vectors)
    return gallery.merge(rows, carrying.as_given) if len(rows) else 0


def _look(view: View, carrying: Carrying, condition: str | None, limit: int | None) -> Uncarried:
    look = view.table.search().where(condition).select([view.rule.id, carrying.old])
    found = look.limit(limit).to_arrow()
    return Uncarried(found[view.rule.id].to_pylist(), matrix(found[carrying.old]))
