"""The statement of a search, of parts that `union all` joins: one for each side, and more.

A row is: the side, 0 for what waits and 1 for what is done; the key; the cosine; and, where there
is no cosine, an old vector that was not carried forward yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import sql

from backfill.live.databases.postgres.carrying import NEEDED
from backfill.live.databases.postgres.names import identifier, literal, raw
from backfill.live.databases.postgres.objects import indexed
from backfill.live.databases.postgres.shape import OPERATORS
from backfill.live.databases.postgres.view import View

MANY = 2  # in the place of a side: more than a few wait
_INLINE = 1900  # bytes of a vector that PostgreSQL stores in its row; others take longer to read


class Condition(NamedTuple):
    """A condition: the column has one of the bound values, or none."""

    column: str
    or_null: bool


class Asked(NamedTuple):
    """What a statement depends on, but for bound values.

    Attributes:
        waiting: whether what waits is searched.
        new: whether what is done is searched.
        k: most hits on each side.
        exact: compare with every vector, whatever is noted.
        many: it is known that more than a few wait.
        where: conditions.
    """

    waiting: bool
    new: bool
    k: int
    exact: bool
    many: bool
    where: tuple[Condition, ...]


def few(view: View) -> int:
    """If no more than these wait, they are compared one by one: an index is walked in vain."""
    width = view.prepared.carried or view.shape.width or _INLINE
    return 1000 if 4 * width < _INLINE else 300


def statement(view: View, asked: Asked) -> str:
    """The statement of a search."""
    return _alone(view, asked) if view.found is None else _both(view, asked)


def _alone(view: View, asked: Asked) -> str:
    """Search the old system, as nothing was prepared for another."""
    measured, order = _by_waiting(view)
    rows = "{table} t where {vector} is not null{filter}"
    text = view.names.sql(
        _hits(0, "{measured}", rows, "{order}") if asked.waiting else _NOTHING,
        k=literal(asked.k),
        filter=_filter(view, asked.where),
        measured=measured,
        order=sql.SQL("({}) + 0").format(measured) if asked.exact else order,
    )
    return text.as_string()


def _both(view: View, asked: Asked) -> str:
    """Search both sides."""
    asks = asked.waiting and not asked.exact and not asked.many
    parts: list[str] = []
    if asked.waiting:
        form = "exact" if asked.exact else "many" if asked.many else "asks"
        parts += (_BY_OLD if view.prepared.carried is None else _BY_CARRIED)[form]
    if asked.new:
        parts.append(_BY_NEW)
    if not parts:
        parts.append(_NOTHING)
    if asks:
        parts.append(f"select {MANY}, '', null::float8, null::bytea from gate where not few")
    measured, order = _by_waiting(view)
    new_measured, new_order = _ours("n.embedding", "new", view.prepared.width)
    text = view.names.sql(
        (_GATE if asks else "") + " union all ".join(f"({part})" for part in parts),
        k=literal(asked.k),
        few=literal(few(view)),
        filter=_filter(view, asked.where),
        measured=measured,
        order=order,
        new_measured=new_measured,
        new_order=sql.SQL("({}) + 0").format(new_measured) if asked.exact else new_order,
    )
    return text.as_string()


# From the end: notes at the beginning may be dead rows by the thousand.
_GATE = (
    "with gate as materialized (select count(*) <= {few} as few from "
    "(select from {waiting} order by rank desc, seq desc limit {few} + 1) w) "
)
_NOTHING = "select 0, '', null::float8, null::bytea where false"
_NOTED = "(select distinct id from {waiting}) w"  # each item once, whatever its notes


def _hits(side: int, measured: str, of: str, order: str) -> str:
    return (
        f"select {side}, key, cosine, null::bytea from (select {{key}}::text as key, "
        f"1 - ({measured}) as cosine from {of} order by {order} limit {{k}}) s"
    )


def _waiting(rows: str, noted: str) -> dict[str, list[str]]:
    """Hits among rows, in each form; `+ 0` keeps an index from giving the order."""
    one_by_one = "({measured}) + 0"
    return {
        "exact": [_hits(0, "{measured}", rows, one_by_one)],
        "many": [_hits(0, "{measured}", rows, "{order}")],
        "asks": [
            _hits(0, "{measured}", f"{noted} and (select few from gate)", one_by_one),
            _hits(0, "{measured}", f"{rows} and not (select few from gate)", "{order}"),
        ],
    }


_OLD = "left join {new} n on n.id = {key} where {vector} is not null and {waits}{filter}"
_BY_OLD = _waiting(
    f"{{table}} t {_OLD}",
    f"{_NOTED} join {{table}} t on {{key}} = w.id {_OLD}",
)
_CARRIED = (
    "join {table} t on {key} = c.id left join {new} n on n.id = c.id "
    "where {waits} and c.source = {source}{filter}"
)
_LEFT = (
    "select 0, {key}::text, null::float8, vector_send({vector}::vector) from %s "
    "left join {new} n on n.id = {key} left join {carried} c on c.id = {key} "
    f"where {NEEDED}{{filter}}"
)
_LEFT_BY_NOTES = _LEFT % ("(select distinct id from {uncarried}) u join {table} t on {key} = u.id")
_BY_CARRIED = {
    form: [*parts, _LEFT % "{table} t" if form == "exact" else _LEFT_BY_NOTES]
    for form, parts in _waiting(
        f"{{carried}} c {_CARRIED}", f"{_NOTED} join {{carried}} c on c.id = w.id {_CARRIED}"
    ).items()
}
_BY_NEW = _hits(
    1,
    "{new_measured}",
    "{new} n join {table} t on {key} = n.id where n.fingerprint = {print} and {item}{filter}",
    "{new_order}",
)


def _by_waiting(view: View) -> tuple[sql.Composable, sql.Composable]:
    """The cosine distance of what waits, and what its index orders by."""
    if view.found is not None and view.found.carried is not None:
        return _ours("c.embedding", "waiting", view.found.carried)
    measured = view.names.sql("{vector}::vector <=> %(waiting)b::vector")
    if view.index is None:
        return measured, sql.SQL("({}) + 0").format(measured)
    order = view.names.sql(
        "{vector}{casts} {operator} %(waiting)b::vector{to}",
        casts=raw(view.index.casts),
        operator=raw(OPERATORS[view.index.measure]),
        to=raw("" if view.index.type == "vector" else "::halfvec"),
    )
    return measured, order


def _ours(column: str, query: str, width: int) -> tuple[sql.Composable, sql.Composable]:
    """The same of a table of ours."""
    bound = f"%({query})b"
    measured = sql.SQL(f"{column} <=> {bound}::vector")
    expression, kind = indexed(sql.SQL(column), width)
    if kind == "vector":
        return measured, measured
    half = sql.SQL(f" <=> {bound}::vector::halfvec({width})")
    return measured, sql.Composed([expression, half])


def _filter(view: View, where: Sequence[Condition]) -> sql.Composable:
    parts = []
    for place, (column, or_null) in enumerate(where):
        template = f"{{c}} = any(%(where{place})s::text[]::{{t}}[])"
        if or_null:
            template = f"({{c}} is null or {template})"
        name = sql.SQL("t.{}").format(identifier(column))
        type_ = raw(view.shape.types[column])
        parts.append(sql.SQL(f" and {template}").format(c=name, t=type_))
    return sql.SQL("").join(parts)
