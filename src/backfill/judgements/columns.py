"""Columns of data frames, under the names that other tools give them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backfill.errors import InputError


def column(frame: Any, what: str, names: Sequence[str]) -> Any:
    """The first column of a data frame that has one of several names.

    Raises:
        InputError: there is none.
    """
    for name in names:
        if name in frame.columns:
            return frame[name]
    found = ", ".join(map(str, frame.columns))
    raise InputError(f"{what}: expected a column {' or '.join(names)}, got {found}")


def rows(*columns: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of equally long columns, as Python values."""
    yield from zip(*(column.tolist() for column in columns), strict=True)
