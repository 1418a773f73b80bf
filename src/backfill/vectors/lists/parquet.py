"""`.parquet`: one column of strings or numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

import numpy as np

from backfill.errors import InputError
from backfill.vectors.lists.registry import LIST_FORMATS

# So many strings are made at once by who reads all of them.
_AT_ONCE = 1 << 16
ID_COLUMNS = ("_id", "id")


class Column(Sequence[Any]):
    """Strings in Arrow's memory, each made a Python string when it is asked for."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._values[index].to_pylist()
        return self._values[range(len(self))[index]].as_py()

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), _AT_ONCE):
            yield from self[start : start + _AT_ONCE]


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A Parquet file, whose mistakes are InputErrors.

    Raises:
        InputError: it cannot be read.
    """
    import pyarrow as pa  # a third of a second: only for who has such files
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: expected a Parquet file, got: {error}") from None


def column_of(path: Path, name: str) -> Sequence[Any]:
    """One column of strings or integers.

    Raises:
        InputError: it holds something else, or nothing in some rows.
    """
    import pyarrow as pa

    with opened(path) as file:
        column = file.read(columns=[name]).column(0)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        kind = column.type
        if column.null_count:
            row = int(np.argmax(column.is_null().to_numpy()))
            raise InputError(f"{path}: {name}: expected a value in each row, got null in row {row}")
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            numbers: Sequence[Any] = column.to_numpy()
            return numbers
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return Column(column.cast(pa.large_string()).combine_chunks())
        raise InputError(f"{path}: {name}: expected strings or numbers, got {kind}")


@LIST_FORMATS.register(".parquet")
def parquet(path: Path, fields: Sequence[str]) -> Sequence[Any]:
    """The first of the fields that is there, or the only column.

    Raises:
        InputError: it is not clear which column is meant.
    """
    with opened(path) as file:
        names = file.schema_arrow.names
    chosen = [field for field in fields if field in names] or names
    if len(chosen) != 1 and chosen is names:
        raise InputError(
            f"{path}: expected one column, or one of {', '.join(fields)}, got {', '.join(names)}"
        )
    return column_of(path, chosen[0])
