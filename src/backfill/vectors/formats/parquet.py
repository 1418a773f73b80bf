"""`.parquet`: a column of lists of floats, or one column of floats per dimension."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from backfill.arrays import Floats
from backfill.errors import InputError
from backfill.reading.memory import at_most
from backfill.vectors.formats.registry import (
    FORMATS,
    Stored,
    checked_dtype,
    checked_shape,
    require_plausible,
    rows_per_block,
)
from backfill.vectors.lists.parquet import ID_COLUMNS, MEMORY, column_of, opened

# Arrow reads so many blocks at once, which is faster.
_BLOCKS = 16
_VECTOR_COLUMNS = ("vector", "vectors", "embedding", "embeddings")


@FORMATS.register(".parquet")
def parquet(path: Path) -> Stored:
    """Open the vectors of a table; they are copied, as a table cannot be memory-mapped.

    The vectors are the only column with lists of floats, or that of several which is named
    vector or embedding; if there is none, all columns with floats in their order. Ids are the
    column `_id` or `id`.

    Raises:
        InputError: it is no such table, or it is not clear which column is meant.
    """
    with opened(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        lists, floats = _columns(schema)
        ids = next((name for name in ID_COLUMNS if name in schema.names), None)
        columns = [_one(path, lists)] if lists else floats
        if not columns:
            raise InputError(
                f"{path}: expected a column with lists of floats, or columns of floats, "
                f"got {', '.join(f'{f.name[:60]}: {str(f.type)[:60]}' for f in list(schema)[:10])}"
            )
        kind = schema.field(columns[0]).type
        number = kind.value_type if lists else kind
        dtype = checked_dtype(path, np.dtype(number.to_pandas_dtype()))
        require_plausible(path, _numbers(file, columns) * dtype.itemsize)
        width = _width(file, columns[0]) if lists else len(columns)
    shape = checked_shape(path, (rows, width))
    require_plausible(path, rows * width * dtype.itemsize)

    def blocks() -> Iterator[Floats]:
        done = 0
        with opened(path) as file:
            step = _BLOCKS * rows_per_block(shape, dtype)
            for batch in _batches(file, step, columns):
                yield (_from_lists if lists else _from_columns)(path, batch, done, width, dtype)
                done += batch.num_rows
        if done != rows:
            raise InputError(f"{path}: expected {rows} rows, as it says, got {done}")

    return Stored(
        shape, dtype, None, blocks, None if ids is None else (lambda: column_of(path, ids))
    )


def _columns(schema: Any) -> tuple[list[str], list[str]]:
    """The names of columns with lists of floats, and of columns with floats."""
    from pyarrow import types

    def is_list(kind: Any) -> bool:
        forms = types.is_fixed_size_list, types.is_list, types.is_large_list
        return any(form(kind) for form in forms)

    lists = [f.name for f in schema if is_list(f.type) and types.is_floating(f.type.value_type)]
    return lists, [f.name for f in schema if types.is_floating(f.type)]


def _one(path: Path, names: list[str]) -> str:
    chosen = [name for name in names if name in (*_VECTOR_COLUMNS, path.stem)]
    found = names if len(names) == 1 else chosen
    if len(found) != 1:
        raise InputError(
            f"{path}: expected one column with lists of floats, or one of them named "
            f"{path.stem}, got {', '.join(name[:60] for name in names[:10])}"
        )
    return found[0]


def _width(file: Any, column: str) -> int:
    """The length of the first list."""
    kind = file.schema_arrow.field(column).type
    if hasattr(kind, "list_size"):
        return int(kind.list_size)
    import pyarrow.compute as pc

    for batch in _batches(file, 1, [column]):
        return pc.list_value_length(batch.column(0))[0].as_py() or 0
    return 0


def _batches(file: Any, size: int, columns: list[str]) -> Iterator[Any]:
    """Stretches of rows; each may take a bounded amount of memory, whatever the file announces."""
    batches = file.iter_batches(batch_size=size, columns=columns, use_threads=False)
    while True:
        with at_most(MEMORY):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _numbers(file: Any, columns: list[str]) -> int:
    """How many numbers some columns announce."""
    groups = (file.metadata.row_group(at) for at in range(file.metadata.num_row_groups))
    chunks = (of.column(at) for of in groups for at in range(of.num_columns))
    wanted = set(columns)
    return sum(c.num_values for c in chunks if c.path_in_schema.partition(".")[0] in wanted)


def _from_lists(path: Path, batch: Any, first: int, width: int, dtype: np.dtype[Any]) -> Floats:
    import pyarrow.compute as pc

    column = batch.column(0)
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    wrong = ~(lengths == width)  # true for the NaN that stands for null as well
    if wrong.any():
        at = int(np.argmax(wrong))
        got = "null" if not column[at].is_valid else f"{int(lengths[at])}"
        raise InputError(
            f"{path}: expected {width} numbers in each row, as in row 0, got {got} "
            f"in row {first + at}"
        )
    return _dense(path, column.flatten(), first, width).astype(dtype, copy=False)


def _from_columns(path: Path, batch: Any, first: int, width: int, dtype: np.dtype[Any]) -> Floats:
    columns = [_dense(path, column, first, 1).astype(dtype) for column in batch.columns]
    return np.concatenate(columns, axis=1)


def _dense(path: Path, values: Any, first: int, width: int) -> Floats:
    if values.null_count:
        at = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
        raise InputError(f"{path}: expected numbers, got null in row {first + at // width}")
    array: Floats = values.to_numpy(zero_copy_only=False).reshape(-1, width)
    return array
