"""Conditions in LanceDB's SQL: quoted names and values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lancedb.util import value_to_sql

from backfill.errors import InputError
from backfill.live.terms import Filter


def quoted(name: str) -> str:
    """A column's name, as SQL. Settings allow none that holds the quote."""
    return f"`{name}`"


def among(column: str, values: Iterable[object]) -> str:
    """The condition that a column has one of these values."""
    listed = ", ".join(literal(value) for value in values)
    return f"{quoted(column)} IN ({listed})" if listed else "FALSE"


def filtered(where: Filter | None, columns: Sequence[str]) -> str | None:
    """A filter as SQL; None without one.

    Raises:
        InputError: it names a column that is not there, or a value that cannot be compared.
    """
    if not where:
        return None
    for column in where:
        if column not in columns:
            raise InputError(f"where: expected one of {', '.join(columns)}, got {column!r}")
    return both(*(_holds(column, value) for column, value in where.items()))


def both(*conditions: str | None) -> str | None:
    """The condition that all of these hold; None if there is none."""
    there = [f"({condition})" for condition in conditions if condition]
    return " AND ".join(there) or None


def _holds(column: str, value: object) -> str:
    if value is None:
        return f"{quoted(column)} IS NULL"
    if isinstance(value, (list, tuple, set, frozenset)):
        return among(column, value)
    return f"{quoted(column)} = {literal(value)}"


def literal(value: object) -> str:
    """A value as SQL.

    Raises:
        InputError: it is neither a string nor a number.
    """
    try:
        return str(value_to_sql(value))
    except NotImplementedError as error:
        raise InputError(f"where: expected a string or a number, got {value!r}") from error
