"""Which gallery items the new vectors are of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backfill.arrays import Int64s
from backfill.errors import InputError
from backfill.vectors.ids import RowNumbers, Strings, as_array, rows_of
from backfill.vectors.reading import GALLERY, Reading, remembered


@remembered
def sample_of(reading: Reading) -> Int64s:
    """The gallery row of each row of `new`.

    They are what the file `sample` says, or the ids beside `new`; without either `new` has a row
    for each of `old`, in the same order.

    Returns:
        (n,) distinct rows in the order of `new`.

    Raises:
        InputError: a row or id is not in the gallery or is there twice, or nothing says which
            rows they are.
    """
    size, count = reading.required("old").shape[0], reading.required("new").shape[0]
    new = reading.folder.require("new")
    path, values = reading.folder.file("sample"), reading.values("sample")
    if path is not None and values is not None:
        if len(values) == size < count:
            raise InputError(
                f"{path}: expected {count:,} rows as in {new.name}, got {size:,}, as "
                f"{reading.name('old')} has: are old and new swapped?"
            )
        reading.same_length(path, len(values), "new")
        rows = _rows(reading, path, values, size)
    elif (ids := reading.ids_beside("new")) is not None:
        path, rows = new, rows_of(new, ids, reading.ids(GALLERY), reading.name("old"))
    elif count == size:
        reading.note(
            f"{new.name} has as many rows as {reading.name('old')}: row i of both is the same item."
        )
        return np.arange(size)
    else:
        if count > size:
            raise InputError(
                f"{new}: expected at most {size:,} rows as in {reading.name('old')}, got "
                f"{count:,}: are the two swapped?"
            )
        raise InputError(
            f"{new.parent / 'sample'}: expected which rows of {reading.name('old')} the "
            f"{count:,} of {new.name} are, as it has {size:,}, got no such file"
        )
    _require_distinct(path, rows)
    return rows


def _rows(reading: Reading, path: Path, values: Sequence[Any], size: int) -> Int64s:
    """Row numbers, or the rows of ids."""
    gallery = reading.ids(GALLERY)
    numbers = _as_integers(path, values)
    named = not isinstance(gallery, RowNumbers)
    if named and (numbers is None or not ((numbers >= 0) & (numbers < size)).all()):
        try:
            return rows_of(path, Strings(values), gallery, reading.name("old"))
        except InputError:
            if numbers is None:
                raise
    if numbers is None:
        raise InputError(
            f"{path}: expected row numbers, as no file names the gallery's ids, got "
            f"{str(values[0])!r}"
        )
    outside = (numbers < 0) | (numbers >= size)
    if outside.any():
        at = int(np.argmax(outside))
        raise InputError(
            f"{path}: expected rows in 0..{size - 1} of {reading.name('old')}, got {numbers[at]} "
            f"in row {at}, and {int(outside.sum()):,} outside in all{_hint(reading, numbers)}"
        )
    spelt = not isinstance(values, np.ndarray) or values.dtype.kind == "U"
    if named and (spelt or set(map(str, numbers.tolist())).intersection(gallery)):
        reading.note(f"{path.name} is read as row numbers of the gallery, not as ids.")
    return numbers


def _as_integers(path: Path, values: Sequence[Any]) -> Int64s | None:
    """The integers that the values are or spell, or None."""
    array = as_array(path, values)
    if array.dtype.kind == "f":
        raise InputError(f"{path}: expected row numbers or ids, got {array.dtype}")
    try:
        return array.astype(np.int64)
    except (ValueError, OverflowError):
        return None


def _hint(reading: Reading, numbers: Int64s) -> str:
    larger = [
        reading.name(name)
        for name in ("queries_old", "queries_new", "pairs_old", "new")
        if (stored := reading.stored(name)) is not None and stored.shape[0] > numbers.max()
    ]
    return f"; {larger[0]} has that many: is it the gallery?" if larger else ""


def _require_distinct(path: Path, rows: Int64s) -> None:
    order = np.argsort(rows, kind="stable")
    twice = np.flatnonzero(np.diff(rows[order]) == 0)
    if len(twice):
        first, second = order[twice[0]], order[twice[0] + 1]
        raise InputError(
            f"{path}: expected each gallery item once, got row {rows[first]} of the gallery in "
            f"rows {first} and {second}"
        )
