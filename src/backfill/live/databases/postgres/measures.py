"""Cosine distances in SQL: of what is searched, and what its index orders by."""

from __future__ import annotations

from psycopg import sql

from backfill.live.databases.postgres.names import raw
from backfill.live.databases.postgres.objects import indexed
from backfill.live.databases.postgres.shape import OPERATORS
from backfill.live.databases.postgres.view import View


def by_waiting(view: View, query: str) -> tuple[sql.Composable, sql.Composable]:
    """The cosine distance of what waits, and what its index orders by.

    Args:
        view: of the gallery.
        query: name of the parameter that the query is bound to.
    """
    if view.found is not None and view.found.carried is not None:
        return ours("c.embedding", query, view.found.carried)
    bound = sql.SQL(f"%({query})b")
    measured = view.names.sql("{vector}::vector <=> {query}::vector", query=bound)
    if view.index is None:
        return measured, sql.SQL("({}) + 0").format(measured)
    order = view.names.sql(
        "{vector}{casts} {operator} {query}::vector{to}",
        query=bound,
        casts=raw(view.index.casts),
        operator=raw(OPERATORS[view.index.measure]),
        to=raw("" if view.index.type == "vector" else "::halfvec"),
    )
    return measured, order


def ours(column: str, query: str, width: int) -> tuple[sql.Composable, sql.Composable]:
    """The same of a column of ours."""
    bound = f"%({query})b"
    measured = sql.SQL(f"{column} <=> {bound}::vector")
    expression, kind = indexed(sql.SQL(column), width)
    if kind == "vector":
        return measured, measured
    half = sql.SQL(f" <=> {bound}::vector::halfvec({width})")
    return measured, sql.Composed([expression, half])
