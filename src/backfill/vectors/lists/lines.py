"""`.txt` and `.jsonl`: one row per line, read when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, overload

import numpy as np

from backfill.arrays import Int64s
from backfill.errors import InputError
from backfill.vectors.lists.registry import LIST_FORMATS

_BLOCK = 1 << 24
_MARK = b"\xef\xbb\xbf"


class Lines(Sequence[Any]):
    """The lines of a file, of which only the beginnings are kept in memory.

    Args:
        path: of the file, UTF-8. What comes after its last line break counts if it is not empty.
        parsed: makes a row of a line.

    Raises:
        InputError: the file cannot be read, or has no line; when a line is read: it is damaged.
    """

    def __init__(self, path: Path, parsed: Callable[[str], Any] = str) -> None:
        self.path = path
        self._parsed = parsed
        try:
            size = path.stat().st_size
            if not size:
                raise InputError(f"{path}: expected at least one line, got an empty file")
            with path.open("rb") as file:
                self._bytes = mmap(file.fileno(), 0, access=ACCESS_READ)
        except OSError as error:
            raise InputError(f"{path}: expected lines, got: {error.strerror}") from None
        self._ends = self._line_ends(size)

    def _line_ends(self, size: int) -> Int64s:
        breaks = [
            start
            + np.flatnonzero(
                np.frombuffer(self._bytes[start : start + _BLOCK], np.uint8) == ord("\n")
            )
            for start in range(0, size, _BLOCK)
        ]
        ends = np.concatenate(breaks).astype(np.int64)
        return ends if len(ends) and ends[-1] == size - 1 else np.append(ends, size)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        return self._row(at, self._bytes[self._ends[at - 1] + 1 if at else 0 : self._ends[at]])

    def __iter__(self) -> Iterator[Any]:
        with self.path.open("rb") as file:
            for at, line in enumerate(file):
                yield self._row(at, line.removesuffix(b"\n"))

    def _row(self, at: int, line: bytes) -> Any:
        try:
            return self._parsed(line.removeprefix(b"" if at else _MARK).rstrip(b"\r").decode())
        except (ValueError, RecursionError) as error:
            raise InputError(f"{self.path}: line {at + 1}: {error}") from None


@LIST_FORMATS.register(".txt")
def txt(path: Path, fields: Sequence[str]) -> Sequence[str]:
    """The lines as they are."""
    return Lines(path)


@LIST_FORMATS.register(".jsonl")
def jsonl(path: Path, fields: Sequence[str]) -> Sequence[Any]:
    """Each line a string or number, or an object with one of the fields."""
    return Lines(path, partial(json_row, fields))


def json_row(fields: Sequence[str], line: str) -> Any:
    """What a line of JSON says.

    Args:
        fields: of an object, of which the first that is there counts; `title text` is both,
            with a space between them.
        line: JSON.

    Raises:
        ValueError: it is no JSON, or has none of the fields.
    """
    value = json.loads(line)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    for field in fields if isinstance(value, dict) else ():
        parts = [value.get(part) for part in field.split()]
        if all(isinstance(part, str | int | float) for part in parts):
            return parts[0] if len(parts) == 1 else " ".join(str(p) for p in parts if p)
    raise ValueError(
        f"expected a string or an object with {' or '.join(map(repr, fields))}, got {line[:60]}"
    )
