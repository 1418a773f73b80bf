"""Ids: as strings, each once, and the rows that they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from backfill.arrays import Array, Int64s
from backfill.errors import InputError

_SMALL, _RATIO = 1 << 28, 50


class RowNumbers(Sequence[str]):
    """Row numbers as ids; none is kept."""

    def __init__(self, count: int) -> None:
        self._rows = range(count)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        rows = self._rows[index]
        return str(rows) if isinstance(rows, int) else [str(row) for row in rows]

    def __iter__(self) -> Iterator[str]:
        return map(str, self._rows)


class Strings(Sequence[str]):
    """Values of any sequence as strings, made when they are asked for."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        values = self._values[index]
        return [str(v) for v in values] if isinstance(index, slice) else str(values)

    def __iter__(self) -> Iterator[str]:
        return map(str, self._values)


def as_array(path: Path, values: Sequence[Any]) -> Array:
    """Values of a list as an array, in which every string takes as much as the longest.

    Raises:
        InputError: that would take more than 256 MiB and far more than the file does.
    """
    if isinstance(values, np.ndarray):
        return values
    listed = list(values)
    longest = max(len(value) if isinstance(value, str) else 0 for value in listed)
    if 4 * longest * len(listed) > max(_SMALL, _RATIO * path.stat().st_size):
        raise InputError(
            f"{path}: expected short names, got one of {longest:,} characters among {len(listed):,}"
        )
    return np.array(listed)


def as_ids(path: Path, values: Sequence[Any]) -> Sequence[str]:
    """Strings or integers as ids.

    Raises:
        InputError: there is something else among them, or one is there twice.
    """
    if isinstance(values, np.ndarray):
        if values.dtype.kind not in "iuU":
            raise InputError(f"{path}: expected strings or integers as ids, got {values.dtype}")
    else:
        for row, value in enumerate(values):
            if not isinstance(value, str | int):
                raise InputError(
                    f"{path}: expected strings or integers as ids, got {value!r:.60} in row {row}"
                )
    ids = Strings(values)
    _require_distinct(path, ids)
    return ids


def _require_distinct(path: Path, ids: Sequence[str]) -> None:
    """Compare 8 bytes of each id, and only those in full that share them."""
    hashes = np.fromiter((hash(name) for name in ids), np.int64, len(ids))
    order = np.argsort(hashes, kind="stable")
    alike = np.flatnonzero(np.diff(hashes[order]) == 0)
    for first, second in zip(order[alike].tolist(), order[alike + 1].tolist(), strict=True):
        if ids[first] == ids[second]:
            raise InputError(
                f"{path}: expected each id once, got {ids[first]!r} in rows {first} and {second}"
            )


def rows_of(path: Path, wanted: Sequence[str], ids: Sequence[str], of: str) -> Int64s:
    """The row of each wanted id.

    Args:
        path: of the file with the wanted ids, for messages.
        wanted: ids.
        ids: of the rows.
        of: what has these rows, for messages.

    Returns:
        (wanted,) rows.

    Raises:
        InputError: some are not there.
    """
    looked_for = set(wanted)
    row_of = {name: row for row, name in enumerate(ids) if name in looked_for}
    if unknown := [name for name in wanted if name not in row_of]:
        raise InputError(
            f"{path}: expected ids of {of}, such as {ids[0]!r}, got {unknown[0]!r}, and "
            f"{len(unknown):,} of {len(looked_for):,} that it does not have"
        )
    return np.fromiter((row_of[name] for name in wanted), np.int64, len(wanted))
