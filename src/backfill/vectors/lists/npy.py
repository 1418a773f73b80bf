"""`.npy`: one dimension of strings or numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from backfill.arrays import Array
from backfill.errors import InputError
from backfill.reading.files import opened, short
from backfill.reading.npy_header import read_header
from backfill.vectors.formats.registry import blocks_of
from backfill.vectors.lists.registry import LIST_FORMATS

_LONGEST = 1 << 23  # bytes of an entry
_SURROGATES, _LAST = (0xD800, 0xDFFF), 0x10FFFF


class Decoded(Sequence[str]):
    """Strings of an array of bytes, each decoded when it is asked for.

    Args:
        path: of the array, for messages.
        stored: (N,) bytes in UTF-8.
    """

    def __init__(self, path: Path, stored: Array) -> None:
        self._path = path
        self._stored = stored

    def __len__(self) -> int:
        return len(self._stored)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[row] for row in range(len(self))[index]]
        return self._one(index, self._stored[index])

    def __iter__(self) -> Iterator[str]:
        return (self._one(row, value) for row, value in enumerate(self._stored))

    def _one(self, row: int, value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self._path}: expected UTF-8, got {error.reason} in row {row}"
            ) from None


@LIST_FORMATS.register(".npy")
def npy(path: Path, fields: Sequence[str]) -> Any:
    """Map a 1-D array; bytes are UTF-8.

    Raises:
        InputError: it is no readable 1-D array of strings or numbers.
    """
    with opened(path, "an .npy array") as (file, size):
        header = read_header(path, file, size)
        if header.dtype.kind not in "iufUS":
            got = "Python objects" if header.dtype.hasobject else str(header.dtype)[:80]
            raise InputError(
                f"{path}: expected strings or numbers, got {got}"
                + ("; save np.array(values, dtype=str)" if header.dtype.hasobject else "")
            )
        if len(header.shape) != 1 or header.shape[0] == 0:
            got = short(header.shape)
            raise InputError(
                f"{path}: expected one dimension with at least one entry, got shape {got}"
            )
        if header.dtype.itemsize == 0:
            raise InputError(f"{path}: expected strings, got only empty ones")
        if header.dtype.itemsize > _LONGEST:
            raise InputError(
                f"{path}: expected entries of at most {_LONGEST:,} bytes, got {header.dtype}"
            )
        mapped = np.memmap(file, header.dtype, "r", header.offset, header.shape)
    if header.dtype.kind == "U":
        _require_characters(path, mapped)
    return Decoded(path, mapped) if header.dtype.kind == "S" else mapped


def _require_characters(path: Path, mapped: Array) -> None:
    """Require numbers of characters, of which UTF-8 has a form; numpy stores any."""
    numbers = mapped.view(mapped.dtype.byteorder.replace("|", "=") + "u4")
    numbers = numbers.reshape(len(mapped), -1)
    low, high = _SURROGATES
    row = 0
    for block in blocks_of(numbers):
        wrong = (block > _LAST) | ((block >= low) & (block <= high))
        if wrong.any():
            at = row + int(np.argmax(wrong.any(axis=1)))
            raise InputError(f"{path}: expected characters, got other numbers in row {at}")
        row += len(block)
