"""`.parquet`: one column of strings or numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

import numpy as np

from backfill.errors import InputError
from backfill.reading import files
from backfill.reading.memory import at_most
from backfill.vectors.chunks import require_sound
from backfill.vectors.lists.registry import LIST_FORMATS

# So many strings are made at once by who reads all of them.
_AT_ONCE = 1 << 16
ID_COLUMNS = ("_id", "id")
# A footer names each column of each row group.
_FOOTER, _ENTRIES, _LETTERS = 1 << 26, 1 << 16, 1 << 24
# What reading a column may take: of any file, of each byte of a file at most, and of a column.
MEMORY, _PER_BYTE, _PER_ROW, _TIMES = 3 << 27, 100, 64, 4


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
    # Arrow's own allocator takes a gigabyte in advance, of which a limit would know nothing.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    import pyarrow.parquet as pq  # a third of a second: only for who has such files

    what = "a Parquet file"
    with files.opened(path, what) as (raw, size):
        raw.seek(max(0, size - 8))
        footer = int.from_bytes(raw.read(4), "little")
        if footer > min(_FOOTER, size):
            raise InputError(f"{path}: expected {what}, got a footer of {footer:,} bytes")
        with pq.ParquetFile(
            path,
            buffer_size=1 << 20,
            pre_buffer=False,
            thrift_container_size_limit=_ENTRIES,
            thrift_string_size_limit=_LETTERS,
        ) as file:
            require_sound(file, size)
            yield file


def column_of(path: Path, name: str) -> Sequence[Any]:
    """One column of strings or integers.

    Raises:
        InputError: it holds something else, or nothing in some rows.
    """
    import pyarrow as pa

    where = f"{path}: {name[:60]}"
    with opened(path) as file, at_most(_needed(path, file, name)):
        rows = file.metadata.num_rows
        column = file.read(columns=[name], use_threads=False).column(0)
        if len(column) != rows or not rows:
            raise InputError(f"{where}: expected {max(1, rows):,} rows, got {len(column):,}")
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        kind = column.type
        if column.null_count:
            row = int(np.argmax(column.is_null().to_numpy()))
            raise InputError(f"{where}: expected a value in each row, got null in row {row}")
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            numbers: Sequence[Any] = column.to_numpy()
            return numbers
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            strings = column.cast(pa.large_string()).combine_chunks()
            strings.validate(full=True)  # UTF-8
            return Column(strings)
        raise InputError(f"{where}: expected strings or numbers, got {str(kind)[:60]}")


def _needed(path: Path, file: Any, name: str) -> int:
    """Bytes of memory that reading a column may take."""
    groups = (file.metadata.row_group(at) for at in range(file.metadata.num_row_groups))
    chunks = (of.column(at) for of in groups for at in range(of.num_columns))
    sizes = (int(c.total_uncompressed_size) for c in chunks if c.path_in_schema == name)
    of_column = _PER_ROW * max(0, int(file.metadata.num_rows)) + _TIMES * sum(map(abs, sizes))
    return MEMORY + min(_PER_BYTE * path.stat().st_size, of_column)


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
        got = ", ".join(name[:60] for name in names[:10])
        raise InputError(f"{path}: expected one column, or one of {', '.join(fields)}, got {got}")
    return column_of(path, chosen[0])
