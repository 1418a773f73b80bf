"""A folder's parts, each read once and when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from backfill.arrays import Floats
from backfill.errors import InputError
from backfill.vectors import copies
from backfill.vectors.folder import Folder
from backfill.vectors.formats.registry import FORMATS, Stored
from backfill.vectors.ids import RowNumbers, as_ids
from backfill.vectors.lists.lines import jsonl
from backfill.vectors.lists.registry import LIST_FORMATS
from backfill.vectors.names import VECTORS

P = ParamSpec("P")
T = TypeVar("T")
# Fields of a table or of an object that hold a list's values, beside its own name.
_FIELDS = {
    "sample": ("row", "_id", "id"),
    "ids": ("_id", "id"),
    "query_ids": ("_id", "id"),
    "labels": ("label",),
    "query_labels": ("label",),
    "query_weights": ("weight", "count"),
    "texts": ("text",),
    "query_texts": ("text",),
}


class Side(NamedTuple):
    """The names that belong to one side of a search."""

    vectors: str
    ids: str
    labels: str
    texts: str


GALLERY = Side("old", "ids", "labels", "texts")
QUERIES = Side("queries_old", "query_ids", "query_labels", "query_texts")


def remembered(method: Callable[P, T]) -> Callable[P, T]:
    """Keep what a function of a reading gives, or the InputError that it raises.

    Args:
        method: of a reading and names, each of which is remembered by itself.
    """

    @wraps(method)
    def once(*args: P.args, **kwargs: P.kwargs) -> T:
        reading: Any = args[0]
        key = (method.__module__, method.__qualname__, *args[1:])
        if key not in reading.memory:
            try:
                reading.memory[key] = (method(*args, **kwargs), None)
            except InputError as error:
                reading.memory[key] = (None, error)
        value, failed = reading.memory[key]
        if failed is not None:
            raise failed
        return value  # type: ignore[no-any-return]

    return once


class Reading:
    """What is in a folder, by name.

    Args:
        path: of the folder.

    Attributes:
        folder: which file is meant by which name.
        notes: assumptions made so far, in sentences.

    Raises:
        InputError: it is no folder; any method: what it reads cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)
        self.notes: list[str] = []
        self.memory: dict[Any, Any] = {}

    @remembered
    def stored(self, name: str) -> Stored | None:
        """The description of a file of vectors, or None if there is none."""
        path = self.folder.file(name)
        return None if path is None else FORMATS[path.suffix](path)

    @remembered
    def vectors(self, name: str) -> Floats | None:
        """A file of vectors, memory-mapped, or None."""
        stored, path = self.stored(name), self.folder.file(name)
        if stored is None or path is None:
            return None
        if stored.mapped is None:
            self.note(
                f"{path.name} cannot be memory-mapped where it lies: a copy is kept in "
                f"{copies.copy_of(path).relative_to(path.parent)}."
            )
        return copies.mapped(path, stored)

    def required(self, name: str) -> Stored:
        """The description of a file of vectors that must be there."""
        self.folder.require(name)
        stored = self.stored(name)
        assert stored is not None
        return stored

    @remembered
    def values(self, name: str) -> Sequence[Any] | None:
        """A list's values, or None if there is no file."""
        path = self.folder.file(name)
        fields = (name, *_FIELDS[name])
        return None if path is None else LIST_FORMATS[path.suffix](path, fields)

    @remembered
    def ids(self, side: Side) -> Sequence[str]:
        """The ids of a side: of their own file, beside the vectors, BEIR's, or row numbers."""
        stored = self.required(side.vectors)
        beside = self.ids_beside(side.vectors)
        values, path = self.values(side.ids), self.folder.file(side.ids)
        if values is not None and path is not None:
            self.same_length(path, len(values), side.vectors)
            ids = as_ids(path, values)
            if beside is not None and any(a != b for a, b in zip(ids, beside, strict=True)):
                row = next(i for i, (a, b) in enumerate(zip(ids, beside, strict=True)) if a != b)
                raise InputError(
                    f"{path}: expected the ids of {self.name(side.vectors)}, {beside[row]!r} in "
                    f"row {row}, got {ids[row]!r}"
                )
            return ids
        if beside is not None:
            return beside
        beir = self.folder.beir(side.texts)
        if beir is not None and len(lines := jsonl(beir, ("_id",))) == stored.shape[0]:
            return as_ids(beir, lines)
        return RowNumbers(stored.shape[0])

    @remembered
    def ids_beside(self, name: str) -> Sequence[str] | None:
        """The ids in the file of some vectors, or None if it has none."""
        stored, path = self.stored(name), self.folder.file(name)
        if stored is None or stored.ids is None or path is None:
            return None
        return as_ids(path, stored.ids())

    def note(self, sentence: str) -> None:
        """State an assumption, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def name(self, name: str) -> str:
        """The file's name of what is called so."""
        path = self.folder.file(name)
        return name if path is None else path.name

    def same_length(self, path: Path, rows: int, name: str) -> None:
        """Require as many rows as some vectors have.

        Args:
            path: of the file that is looked at.
            rows: it has.
            name: of the vectors.

        Raises:
            InputError: it has more or fewer; says which vectors have as many.
        """
        expected = self.required(name).shape[0]
        if rows != expected:
            alike = [self.name(n) for n in VECTORS if self._rows(n) == rows and n != path.stem]
            raise InputError(
                f"{path}: expected {expected:,} rows as in {self.name(name)}, got {rows:,}"
                + (f", as {' and '.join(alike)} has: is it for that?" if alike else "")
            )

    def _rows(self, name: str) -> int | None:
        try:
            stored = self.stored(name)
        except InputError:
            return None
        return None if stored is None else stored.shape[0]
