"""A search of both sides, as one statement: so each item is found on its current side only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from psycopg import sql

from backfill.errors import InputError
from backfill.live.base import Filter, Hit, Query, Sides, Uncarried
from backfill.live.databases.postgres.carrying import NEEDED
from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.names import identifier, literal, raw
from backfill.live.databases.postgres.objects import indexed
from backfill.live.databases.postgres.shape import OPERATORS
from backfill.live.databases.postgres.vectors import parsed, unit
from backfill.live.databases.postgres.view import View

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
    "hnsw.iterative_scan": "strict_order",
    "ivfflat.iterative_scan": "relaxed_order",
}
# If no more than these wait, they are compared one by one: an index would be walked in vain.
FEW = 500


def search(connection: Connection, view: View, queries: Sequence[Query], k: int, where: Filter | None, *, exact: bool) -> list[Sides]:  # fmt: skip
    """Search both sides for every query.

    Raises:
        InputError: a condition is on a column that is not there.
    """
    if len(queries) > 1:
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            return [
                one
                for query in queries
                for one in search(connection, view, [query], k, where, exact=exact)
            ]
    conditions, values = _conditions(view, where or {})
    found = []
    for query in queries:
        statement = _statement(
            view, query.waiting is not None, query.new is not None, k, conditions, exact
        )
        vectors = {
            "waiting": None if query.waiting is None else unit(query.waiting),
            "new": None if query.new is None else unit(query.new),
        }
        rows = connection.execute(statement, vectors | values, prepare=True, binary=True)
        found.append(_sides(view, rows.fetchall()))
    return found


def _sides(view: View, rows: list[tuple[int, str, float | None, bytes | None]]) -> Sides:
    waiting: list[Hit] = []
    done: list[Hit] = []
    uncarried = []
    for side, key, cosine, vector in rows:
        if cosine is None:
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


def _conditions(
    view: View, where: Filter
) -> tuple[tuple[tuple[str, bool], ...], dict[str, object]]:
    """(column, whether it may be null) of each condition, and the values to bind."""
    forms: list[tuple[str, bool]] = []
    values: dict[str, object] = {}
    for place, (column, value) in enumerate(where.items()):
        if column not in view.shape.types:
            raise InputError(
                f"where: expected a column of {view.settings.table}, got {column!r}; "
                f"it has {', '.join(view.shape.types)}"
            )
        listed = isinstance(value, list | tuple | set | frozenset)
        several = list(value) if listed else [value]  # type: ignore[call-overload]
        there = [str(v) for v in several if v is not None]
        forms.append((column, len(there) < len(several)))
        values[f"where{place}"] = there
    return tuple(forms), values


@lru_cache(1000)
def _statement(view: View, waiting: bool, new: bool, k: int, conditions: tuple[tuple[str, bool], ...], exact: bool) -> str:  # fmt: skip
    """The statement of a search; its values are bound."""
    more = {
        "k": literal(k), "few": literal(FEW), "filter": _filter(view, conditions),
    }  # fmt: skip
    if view.found is None:
        return view.names.sql(_alone(view, more, exact), **more).as_string()
    more["new_order"] = _new_order(view.prepared.width, "n.embedding", "new", exact)
    parts = []
    if waiting:
        if view.prepared.carried is None:
            parts += _by_old(view, more, exact)
        else:
            parts += _by_carried(view, more, exact)
    if new:
        parts.append(_BY_NEW)
    gate = "with gate as materialized (select count(*) <= {few} as few from (select 1 from {waiting} limit {few} + 1) w) "  # noqa: E501
    nothing = "select 0, null, null::float8, null::bytea where false"
    template = (gate if waiting and not exact else "") + " union all ".join(
        f"({part})" for part in parts or [nothing]
    )
    return view.names.sql(template, **more).as_string()


_BY_NEW = (
    "select 1, key, cosine, null::bytea from (select {key}::text as key, "
    "1 - (n.embedding <=> %(new)b::vector) as cosine from {new} n join {table} t on {key} = n.id "
    "where n.fingerprint = {print} and {item}{filter} order by {new_order} limit {k}) s"
)
_ONE = "select 0, key, cosine, null::bytea from (select {key}::text as key, 1 - ({measured}) as cosine "  # noqa: E501


def _alone(view: View, more: dict[str, sql.Composable], exact: bool) -> str:
    """The old system: nothing was prepared."""
    _measured_by_old(view, more, exact)
    where = "where {vector} is not null{filter}"
    return f"{_ONE} from {{table}} t {where} order by {{order}} limit {{k}}) s"


def _by_old(view: View, more: dict[str, sql.Composable], exact: bool) -> list[str]:
    _measured_by_old(view, more, exact)
    condition = "where {vector} is not null and {waits}{filter}"
    joined = "{table} t left join {new} n on n.id = {key}"
    if exact:
        return [f"{_ONE} from {joined} {condition} order by {{order}} limit {{k}}) s"]
    return [
        f"{_ONE} from (select distinct id from {{waiting}}) w join {{table}} t on {{key}} = w.id "
        f"left join {{new}} n on n.id = w.id {condition} and (select few from gate) "
        "order by ({measured}) + 0 limit {k}) s",
        f"{_ONE} from {joined} {condition} and not (select few from gate) "
        "order by {order} limit {k}) s",
    ]


def _measured_by_old(view: View, more: dict[str, sql.Composable], exact: bool) -> None:
    """Add the distance of old vectors, and the order that their index serves."""
    more["measured"] = view.names.sql("{vector}::vector <=> %(waiting)b::vector")
    index = None if exact else view.index
    if index is None:
        more["order"] = view.names.sql("({measured}) + 0", measured=more["measured"])
    else:
        more["order"] = view.names.sql(
            "{vector}{casts} {operator} %(waiting)b::vector{to}",
            casts=raw(index.casts), operator=raw(OPERATORS[index.measure]),
            to=raw("" if index.type == "vector" else "::halfvec"),
        )  # fmt: skip


def _by_carried(view: View, more: dict[str, sql.Composable], exact: bool) -> list[str]:
    assert view.prepared.carried is not None
    more["measured"] = sql.SQL("c.embedding <=> %(waiting)b::vector")
    more["order"] = _new_order(view.prepared.carried, "c.embedding", "waiting", exact)
    condition = "where {waits} and c.source = {source}{filter}"
    joined = "{carried} c join {table} t on {key} = c.id left join {new} n on n.id = c.id"
    left_out = (
        "left join {new} n on n.id = {key} left join {carried} c on c.id = {key} "
        f"where {NEEDED}{{filter}}"
    )
    rest = "select 0, {key}::text, null::float8, vector_send({vector}::vector) from "
    if exact:
        return [
            f"{_ONE} from {joined} {condition} order by {{order}} limit {{k}}) s",
            f"{rest} {{table}} t {left_out}",
        ]
    return [
        f"{_ONE} from (select distinct id from {{waiting}}) w join {{carried}} c on c.id = w.id "
        f"join {{table}} t on {{key}} = w.id left join {{new}} n on n.id = w.id {condition} "
        "and (select few from gate) order by ({measured}) + 0 limit {k}) s",
        f"{_ONE} from {joined} {condition} and not (select few from gate) "
        "order by {order} limit {k}) s",
        f"{rest} (select distinct id from {{uncarried}}) u join {{table}} t on {{key}} = u.id "
        f"{left_out}",
    ]


def _new_order(width: int, column: str, query: str, exact: bool) -> sql.Composable:
    """By the index of our own, or one by one."""
    bound = sql.SQL(f"%({query})b::vector")
    if exact:
        return sql.SQL(f"({column} <=> {{}}) + 0").format(bound)
    expression, kind = indexed(sql.SQL(column), width)
    if kind == "halfvec":
        bound = sql.SQL("{}::halfvec({})").format(bound, literal(width))  # type: ignore[assignment]
    return sql.SQL("{} <=> {}").format(expression, bound)


def _filter(view: View, conditions: tuple[tuple[str, bool], ...]) -> sql.Composable:
    parts = []
    for place, (column, or_null) in enumerate(conditions):
        template = f"{{c}} = any(%(where{place})s::text[]::{{t}}[])"
        if or_null:
            template = f"({{c}} is null or {template})"
        name = sql.SQL("t.{}").format(identifier(column))
        type_ = raw(view.shape.types[column])
        parts.append(sql.SQL(f" and {template}").format(c=name, t=type_))
    return sql.SQL("").join(parts)
