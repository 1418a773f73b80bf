"""Both sides of a search: the database itself compares fingerprints, in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from backfill.arrays import Float32s
from backfill.live.databases.lancedb.carried import Carrying
from backfill.live.databases.lancedb.carrying import left
from backfill.live.databases.lancedb.sql import both, filtered, quoted
from backfill.live.databases.lancedb.view import View
from backfill.live.terms import Filter, Hit, Query, Sides

_MORE = 4  # candidates per hit, of which some are on the other side
_REFINED = 4  # candidates of a compressed index per hit, whose cosines are then computed exactly


def search(
    view: View, queries: Sequence[Query], k: int, where: Filter | None, exact: bool
) -> list[Sides]:
    """The nearest items on both sides, all in one version of the table.

    Args:
        view: of the table; without a migration all items wait.
        queries: for both sides.
        k: most hits on each side.
        where: conditions on the user's columns.
        exact: compare with every vector.

    Raises:
        InputError: there is no such column.
    """
    user = filtered(where, [name for name in view.columns if name not in view.added])
    old, rule = view.rule.old, view.rule
    if view.prepared is None:
        view.require()
    waits, carrying = rule.waits if view.prepared else rule.item, Carrying.of(rule)
    waiting = _Side(old, waits, waits)
    if carrying is not None:
        waiting = _Side(carrying.columns.vector, carrying.carried, carrying.seen)
    done = _Side(rule.new if view.prepared else None, rule.done, rule.done)

    def found(vector: Float32s | None, side: _Side) -> list[Hit]:
        if vector is None or side.column is None:  # given up, or not there yet
            return []
        return _nearest(view, np.asarray(vector, np.float32), k, side, user, exact)

    uncarried = None
    if any(query.waiting is not None for query in queries):
        uncarried = left(view, user, exact=exact)
    return [
        Sides(found(query.waiting, waiting), found(query.new, done), uncarried) for query in queries
    ]


class _Side(NamedTuple):
    column: str | None  # that is searched
    here: str  # an item is on this side
    about: str  # faster to tell of all items, and true of those on this side


def _nearest(
    view: View, vector: Float32s, k: int, side: _Side, user: str | None, exact: bool
) -> list[Hit]:
    """The nearest items on one side.

    First among all items, which is fast while many are on this side. If too few of the candidates
    are, then among those on this side alone: the database then compares all fingerprints.
    """
    column, here = str(side.column), side.here
    shown = {"id": quoted(view.rule.id), "here": here, "_distance": "_distance"}

    def look(limit: int, condition: str | None) -> tuple[list[Hit], bool]:
        query = view.table.search(vector, vector_column_name=column).distance_type("cosine")
        query = query.limit(limit).select(shown)
        query = query.bypass_vector_index() if exact else query.refine_factor(_REFINED)
        if condition is not None:
            query = query.where(condition).maximum_nprobes(0)
        rows = query.to_arrow()
        return _hits(rows)[:k], len(rows) < limit

    if not exact:
        found, _ = look(_MORE * k, user)
        if len(found) == k:
            return found
    limit = k
    while True:
        found, last = look(limit, both(user, side.about))
        if len(found) == k or last:
            return found
        limit *= _MORE


def _hits(rows: pa.Table) -> list[Hit]:
    rows = rows.filter(rows["here"])
    cosines = 1 - np.asarray(rows["_distance"], np.float64)
    hits = zip(rows["id"].to_pylist(), cosines.tolist(), strict=True)
    return [Hit(id_, cosine) for id_, cosine in hits if np.isfinite(cosine)]
