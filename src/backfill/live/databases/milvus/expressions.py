"""Conditions of Milvus: names that are identifiers, and values as literals of its expressions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from backfill.errors import InputError
from backfill.live.terms import Filter, Id

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def literal(value: object) -> str:
    """A value as an expression has it.

    Raises:
        InputError: it is neither a string nor a number.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPED)}"'
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    raise InputError(f"where: expected a string or a number, got {value!r}")


def among(field: str, values: Iterable[object]) -> str:
    """The field has one of these values; true of no row without any."""
    return f"{field} in [{', '.join(map(literal, values))}]"


def after(field: str, key: Id | None) -> str:
    """The field comes after this key; no condition without one."""
    return "" if key is None else f"{field} > {literal(key)}"


def both(*conditions: str) -> str:
    """All of these hold; no condition if there is none."""
    return " and ".join(f"({condition})" for condition in conditions if condition)


def filtered(where: Filter | None, fields: Iterable[str], *, others: bool) -> str:
    """The user's conditions.

    Args:
        where: by field.
        fields: of the collection.
        others: whether its rows may have further fields.

    Raises:
        InputError: there is no such field.
    """
    conditions = []
    for name, value in (where or {}).items():
        if name not in fields and not (others and _NAME.match(name)):
            raise InputError(f"where: expected a field of the collection, got {name!r}")
        if value is None:
            conditions.append(f"{name} is null")
        elif isinstance(value, (list, tuple, set, frozenset)):
            conditions.append(among(name, value))
        else:
            conditions.append(f"{name} == {literal(value)}")
    return both(*conditions)
