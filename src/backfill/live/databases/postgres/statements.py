"""The statement of a search, of parts that `union all` joins: one for each side, and more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import sql

from backfill.live.databases.postgres.forms import (
    BY_CARRIED,
    BY_NEW,
    BY_OLD,
    GATE,
    MANY,
    NOTHING,
    hits,
)
from backfill.live.databases.postgres.measures import by_waiting, ours
from backfill.live.databases.postgres.names import identifier, literal, raw
from backfill.live.databases.postgres.view import View

_INLINE = 1900  # bytes of a vector that PostgreSQL stores in its row; others take longer to read
_QUERY = ("waiting", "new")  # what the waiting side is asked by: its own query, or the other's


class Condition(NamedTuple):
    """A condition: the column has one of the bound values, or none."""

    column: str
    or_null: bool


class Asked(NamedTuple):
    """What a statement depends on, but for bound values.

    Attributes:
        waiting: whether what waits is searched.
        new: whether what is done is searched.
        alike: whether one vector, which is bound once, asks both sides.
        k: most hits on each side.
        exact: compare with every vector, whatever is noted.
        many: it is known that more than a few wait.
        where: conditions.
    """

    waiting: bool
    new: bool
    alike: bool
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
    measured, order = by_waiting(view, _QUERY[asked.alike])
    rows = "{table} t where {vector} is not null{filter}"
    text = view.names.sql(
        hits(0, "{measured}", rows, "{order}") if asked.waiting else NOTHING,
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
        parts += (BY_OLD if view.prepared.carried is None else BY_CARRIED)[form]
    if asked.new:
        parts.append(BY_NEW)
    if not parts:
        parts.append(NOTHING)
    if asks:
        parts.append(f"select {MANY}, '', null::float8, null::bytea from gate where not few")
    measured, order = by_waiting(view, _QUERY[asked.alike])
    new_measured, new_order = ours("n.embedding", "new", view.prepared.width)
    text = view.names.sql(
        (GATE if asks else "") + " union all ".join(f"({part})" for part in parts),
        k=literal(asked.k),
        few=literal(few(view)),
        filter=_filter(view, asked.where),
        measured=measured,
        order=order,
        new_measured=new_measured,
        new_order=sql.SQL("({}) + 0").format(new_measured) if asked.exact else new_order,
    )
    return text.as_string()


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
