"""Both sides of a search: the database itself compares fingerprints, in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from backfill.arrays import Float32s
from backfill.live.base import Filter, Hit, Query, Sides
from backfill.live.databases.lancedb.sql import both, filtered, quoted
from backfill.live.databases.lancedb.view import View

_MORE = 4  # candidates per hit, of which some are on the other side
_REFINED = 4  # candidates of a compressed index per hit, whose cosines are then computed exactly


def search(
    view: View, queries: Sequence[Query], k: int, where: Filter | None, *, exact: bool
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
    waits = rule.waits if view.prepared else rule.item

    def side(vector: Float32s | None, column: str | None, here: str) -> list[Hit]:
        if vector is None or column is None:  # given up, or not there yet
            return []
        return _nearest(view, np.asarray(vector, np.float32), k, column, here, user, exact)

    new = rule.new if view.prepared else None
    return [
        Sides(side(query.waiting, old, waits), side(query.new, new, rule.done)) for query in queries
    ]


def _nearest(
    view: View, vector: Float32s, k: int, column: str, here: str, user: str | None, exact: bool
) -> list[Hit]:
    """The nearest items on one side.

    First among all items, which is fast while many are on this side. If too few of the candidates
    are, then among those on this side alone: the database then compares all fingerprints.
    """
    shown = {"id": quoted(view.rule.id), "here": here, "_distance": "_distance"}

    def look(limit: int, condition: str | None) -> list[Hit]:
        query = view.table.search(vector, vector_column_name=column).distance_type("cosine")
        query = query.limit(limit).select(shown)
        query = query.bypass_vector_index() if exact else query.refine_factor(_REFINED)
        if condition is not None:
            query = query.where(condition).maximum_nprobes(0)
        return _hits(query.to_arrow())[:k]

    if not exact:
        found = look(_MORE * k, user)
        if len(found) == k:
            return found
    return look(k, both(user, here))


def _hits(rows: pa.Table) -> list[Hit]:
    rows = rows.filter(rows["here"])
    cosines = 1 - np.asarray(rows["_distance"], np.float64)
    hits = zip(rows["id"].to_pylist(), cosines.tolist(), strict=True)
    return [Hit(id_, cosine) for id_, cosine in hits if np.isfinite(cosine)]
