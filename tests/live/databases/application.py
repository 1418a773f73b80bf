"""What tests need of a database: an application that goes on using it, whatever migrates it.

Each database has a module `in_<kind>.py` here with a function `applications`, a context manager
that gives a `Make` for the session; `conftest.py` lists them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import numpy as np

from backfill.arrays import Float32s
from backfill.live.base import Database
from backfill.live.terms import Id

OLD, NEW = 8, 12  # widths
MODEL = "test/model 1"
COLOURS = ("red", "green", "blue")


class Row(NamedTuple):
    """A row of the gallery, as the application has written it."""

    text: str | None
    vector: Float32s | None
    colour: str | None


class Application(Protocol):
    """An application with a gallery of its own: keys, content, old vectors, a colour."""

    @property
    def whole(self) -> bool:
        """Whether keys are whole numbers."""

    @property
    def colour(self) -> str:
        """Name of the column, or field, to filter by."""

    def open(self, **settings: Any) -> Database:
        """The gallery as a further process opens it; with other settings than the right ones."""

    def insert(self, rows: dict[Id, Row]) -> None:
        """Insert rows."""

    def update(self, key: Id, **values: Any) -> None:
        """Change `text`, `vector` or `colour` of a row."""

    def delete(self, keys: Sequence[Id]) -> None:
        """Delete rows."""

    def fetch(self) -> dict[Id, Row]:
        """All rows."""

    def image(self) -> Any:
        """All that the database holds, in a form that can be compared: rows, tables, indexes."""

    def unseen(self) -> AbstractContextManager[None]:
        """A block in which nothing tells the migration of changes, if that can be."""

    def mistakes(self) -> dict[str, dict[str, Any]]:
        """Settings that are wrong, by what the message must say."""


# Further arguments of a database's own; `names`: of table and columns, hostile ones; `whole`: keys.
Make = Callable[..., Application]
HOSTILE = 'x"; drop table y; --%s {z}'


def key(number: int, *, whole: bool) -> Id:
    """A key of the kind that the gallery has."""
    return number if whole else f"k'{number}\""


def vector_of(text: str, width: int) -> Float32s:
    """A unit vector for a text, always the same."""
    seed = int.from_bytes(hashlib.sha256(f"{width} {text}".encode()).digest()[:8], "big")
    found = np.random.default_rng(seed).normal(size=width)
    return (found / np.linalg.norm(found)).astype(np.float32)


def row(number: int, text: str | None = None) -> Row:
    """A row; old vectors are of many lengths."""
    text = f"text {number}" if text is None else text
    vector = vector_of(text, OLD) * np.float32(1 + number % 3)
    return Row(text, vector, COLOURS[number % len(COLOURS)])


def fill(application: Application, count: int) -> list[Id]:
    """Insert rows; their keys."""
    keys = [key(number, whole=application.whole) for number in range(count)]
    application.insert({k: row(number) for number, k in enumerate(keys)})
    return keys
