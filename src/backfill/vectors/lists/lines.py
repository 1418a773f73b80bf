"""`.txt` and `.jsonl`: one row per line, read when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, overload

import numpy as np

from backfill.arrays import Array
from backfill.errors import InputError
from backfill.reading.files import opened, reason
from backfill.vectors.lists.registry import LIST_FORMATS

# So much is looked at at once; no line is longer.
_BLOCK = 1 << 23
_MARK = b"\xef\xbb\xbf"


class Lines(Sequence[Any]):
    """The lines of a file, of which at most the ends are kept in memory.

    Args:
        path: of the file, UTF-8. What comes after its last line break counts if it is not empty.
            A line may have 8 MiB.
        parsed: makes a row of a line.

    Raises:
        InputError: the file cannot be read, has no line or one that is too long; when a line is
            read: it is damaged.
    """

    def __init__(self, path: Path, parsed: Callable[[str], Any] = str) -> None:
        self.path = path
        self._parsed = parsed
        with opened(path, "lines") as (file, size):
            if not size:
                raise InputError(f"{path}: expected at least one line, got an empty file")
            self._bytes = mmap(file.fileno(), 0, access=ACCESS_READ)
        self._size = size
        self._count = self._counted()

    def _counted(self) -> int:
        count, begun = 0, 0  # lines that are over, and where the next one begins
        for start in range(0, self._size, _BLOCK):
            block = self._bytes[start : start + _BLOCK]
            first = block.find(b"\n")
            if (start + first if first >= 0 else start + len(block)) - begun > _BLOCK:
                raise InputError(
                    f"{self.path}: line {count + 1}: expected at most {_BLOCK:,} bytes, got more"
                )
            if first >= 0:
                count += block.count(b"\n")
                begun = start + block.rfind(b"\n") + 1
        return count + (begun < self._size)

    @cached_property
    def _ends(self) -> Array:
        """(lines,) where each line ends."""
        ends = np.full(self._count, self._size, np.min_scalar_type(self._size))
        done = 0
        for start in range(0, self._size, _BLOCK):
            block = np.frombuffer(self._bytes[start : start + _BLOCK], np.uint8)
            found = np.flatnonzero(block == ord("\n"))
            ends[done : done + len(found)] = found + start
            done += len(found)
        return ends

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        begin = int(self._ends[at - 1]) + 1 if at else 0
        return self._row(at, self._bytes[begin : int(self._ends[at])])

    def __iter__(self) -> Iterator[Any]:
        with self.path.open("rb") as file:
            for at, line in enumerate(file):
                yield self._row(at, line.removesuffix(b"\n"))

    def _row(self, at: int, line: bytes) -> Any:
        try:
            return self._parsed(line.removeprefix(b"" if at else _MARK).rstrip(b"\r").decode())
        except (ValueError, RecursionError) as error:
            raise InputError(f"{self.path}: line {at + 1}: {reason(error)}") from None


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
        ValueError: it is no JSON, or has none of the fields; or half a surrogate pair is in it.
    """
    value = json.loads(line)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return _whole(value)
    for field in fields if isinstance(value, dict) else ():
        parts = [value.get(part) for part in field.split()]
        if all(isinstance(part, str | int | float) for part in parts):
            return _whole(parts[0] if len(parts) == 1 else " ".join(str(p) for p in parts if p))
    raise ValueError(
        f"expected a string or an object with {' or '.join(map(repr, fields))}, got {line[:60]}"
    )


def _whole(value: Any) -> Any:
    """The value, unless UTF-8 has no form for it."""
    if isinstance(value, str):
        value.encode()
    return value
