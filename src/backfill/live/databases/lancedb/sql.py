"""Conditions in LanceDB's SQL: quoted names and values, and the rule that makes an item done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lancedb.util import value_to_sql

from backfill.errors import InputError
from backfill.live.base import Filter, Id

STALE = ""  # instead of a fingerprint: reconcile found a vector of other content


def quoted(name: str) -> str:
    """A column's name, as SQL. Settings allow none that holds the quote."""
    return f"`{name}`"


def among(column: str, values: Iterable[object]) -> str:
    """The condition that a column has one of these values."""
    listed = ", ".join(_value(value) for value in values)
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
    return f"{quoted(column)} = {_value(value)}"


def _value(value: object) -> str:
    try:
        return str(value_to_sql(value))
    except NotImplementedError as error:
        raise InputError(f"where: expected a string or a number, got {value!r}") from error


@dataclass(frozen=True)
class Rule:
    """What is true of an item, computed by the database from what it stores.

    Attributes:
        id: column of keys.
        content: columns of the text.
        old: column of the old vectors; None after they were given up.
        new: column of the new vectors.
        print: column of their fingerprints.
        model: identity of the new model.
    """

    id: str
    content: Sequence[str]
    old: str | None
    new: str
    print: str
    model: str

    @property
    def item(self) -> str:
        """It has content or an old vector."""
        columns = [*self.content, *([self.old] if self.old else [])]
        return " OR ".join(f"{quoted(column)} IS NOT NULL" for column in columns)

    @property
    def current(self) -> str:
        """The fingerprint of its current content: :func:`backfill.live.fingerprint.fingerprint`."""
        parts = ", ".join(f"CAST({quoted(column)} AS STRING)" for column in self.content)
        text = f"concat_ws(chr(10), {parts})"
        return f"encode(sha256(concat({value_to_sql(self.model)}, chr(31), {text})), 'hex')"

    @property
    def done(self) -> str:
        """Its new vector is of its current content."""
        return f"{quoted(self.print)} IS NOT NULL AND {quoted(self.print)} = {self.current}"

    @property
    def waits(self) -> str:
        """It is an item, and not done."""
        undone = f"{quoted(self.print)} IS NULL OR {quoted(self.print)} <> {self.current}"
        return f"({self.item}) AND ({undone})"

    @property
    def known_to_wait(self) -> str:
        """It has no new vector yet, or `reconcile` found it stale."""
        known = f"{quoted(self.print)} IS NULL OR {quoted(self.print)} = {value_to_sql(STALE)}"
        return f"({self.item}) AND ({known})"

    @property
    def stale(self) -> str:
        """It has a new vector that is not of its current content."""
        return f"{quoted(self.new)} IS NOT NULL AND ({self.waits})"

    @property
    def found_stale(self) -> str:
        """It is stale, and `reconcile` did not find it yet."""
        return f"{quoted(self.print)} <> {value_to_sql(STALE)} AND ({self.waits})"

    def keys(self, ids: Iterable[Id]) -> str:
        """Its key is one of these."""
        return among(self.id, ids)

    @property
    def as_claimed(self) -> str:
        """Of a merge: its content is that of the row that is to be written."""
        return " AND ".join(
            f"(target.{c} = source.{c} OR (target.{c} IS NULL AND source.{c} IS NULL))"
            for c in map(quoted, self.content)
        )
