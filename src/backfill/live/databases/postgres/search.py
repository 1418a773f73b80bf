"""A search of both sides, as one statement: so each item is found on its current side only."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import lru_cache

from backfill.errors import InputError
from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.forms import MANY
from backfill.live.databases.postgres.statements import Asked, Condition, statement
from backfill.live.databases.postgres.vectors import parsed, unit
from backfill.live.databases.postgres.view import View
from backfill.live.terms import Filter, Hit, Query, Sides, Uncarried

# Sessions that search: an index on vectors gives the order, and the rest is looked up for each row.
# With plans made once, that is as fast as a search of one table.
SESSION = {
    "plan_cache_mode": "force_generic_plan",
    "enable_sort": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "max_parallel_workers_per_gather": "0",
    "hnsw.iterative_scan": "relaxed_order",
    "ivfflat.iterative_scan": "relaxed_order",
}
# Whether few items wait is asked once in a while: the index is right all the same, if slow then.
_MANY_LASTS = 1.0  # s
_statement = lru_cache(1000)(statement)


def search(
    connection: Connection,
    view: View,
    queries: Sequence[Query],
    k: int,
    where: Filter | None,
    *,
    exact: bool,
) -> list[Sides]:
    """Search both sides for every query.

    Raises:
        InputError: a condition is on a column that is not there.
    """
    conditions, values = _conditions(view, where or {})
    if len(queries) == 1:
        return [_one(connection, view, queries[0], k, conditions, values, exact)]
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        return [_one(connection, view, q, k, conditions, values, exact) for q in queries]


def _one(
    connection: Connection,
    view: View,
    query: Query,
    k: int,
    conditions: tuple[Condition, ...],
    values: dict[str, object],
    exact: bool,
) -> Sides:
    asked = Asked(
        waiting=query.waiting is not None,
        new=query.new is not None,
        alike=query.new is query.waiting,
        k=k,
        exact=exact,
        many=time.monotonic() < view.many_until[0],
        where=conditions,
    )
    vectors = {
        name: unit(vector)
        for name, vector in (("new", query.new), ("waiting", query.waiting))
        if vector is not None and not (name == "waiting" and asked.alike)
    }
    text = _statement(view, asked)
    rows = connection.execute(text, vectors | values, prepare=True, binary=True).fetchall()
    return _sides(view, rows)


def _sides(view: View, rows: list[tuple[int, str, float | None, bytes | None]]) -> Sides:
    waiting: list[Hit] = []
    done: list[Hit] = []
    uncarried = []
    for side, key, cosine, vector in rows:
        if side == MANY:
            view.many_until[0] = time.monotonic() + _MANY_LASTS
        elif cosine is None:
            uncarried.append((view.shape.id(key), vector))
        else:
            hit = Hit(view.shape.id(key), 0.0 if math.isnan(cosine) else cosine)
            (done if side else waiting).append(hit)
    for hits in (waiting, done):
        hits.sort(key=lambda hit: -hit.cosine)
    if view.found is None or view.found.carried is None:
        return Sides(waiting, done)
    vectors = parsed([vector for _, vector in uncarried if vector is not None])
    return Sides(waiting, done, Uncarried([key for key, _ in uncarried], vectors))


def _conditions(view: View, where: Filter) -> tuple[tuple[Condition, ...], dict[str, object]]:
    """Conditions, and the values to bind to them."""
    conditions = []
    values: dict[str, object] = {}
    for place, (column, value) in enumerate(where.items()):
        if column not in view.shape.types:
            raise InputError(
                f"where: expected a column of {view.settings.table}, got {column!r}; "
                f"it has {', '.join(view.shape.types)}"
            )
        listed = isinstance(value, list | tuple | set | frozenset)
        several = list(value) if listed else [value]  # type: ignore[call-overload]
        there = [str(one) for one in several if one is not None]
        conditions.append(Condition(column, or_null=len(there) < len(several)))
        values[f"where{place}"] = there
    return tuple(conditions), values
