"""A report's table.csv as people may have left it: read with bounds."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from backfill.errors import InputError
from backfill.reading.files import read_text, reason
from backfill.reporting.spreadsheets import from_csv

_WHAT = "the table of a report"
_NAMES = ("panel", "method", "label")
# Of a table that somebody reads in a terminal.
_BYTES, _ROWS, _COLUMNS, _LETTERS = 1 << 20, 1_000, 200, 1_000


def read_table(path: Path) -> pd.DataFrame:
    """Read table.csv as :func:`backfill.reporting.tables.methods.methods` made it.

    Args:
        path: of the file.

    Returns:
        Names as text, and numbers.

    Raises:
        InputError: the file is missing, damaged or too large for a terminal, or holds something
            else.
    """
    if not os.path.lexists(path):
        raise InputError(f"{path}: expected {_WHAT}, got no file; `dvc repro report` makes it")
    text = read_text(path, _WHAT, _BYTES)
    try:
        _require_moderate(text)
        # A method may be called "nan" or "null", or 0.1; its name is text all the same.
        frame = pd.read_csv(
            io.StringIO(text),
            dtype=dict.fromkeys(_NAMES, str),
            keep_default_na=False,
            na_values=[""],
        )
    except (csv.Error, ValueError) as error:
        raise InputError(f"{path}: expected {_WHAT}, got: {reason(error)}") from error
    for name, column in frame.items():
        if name in _NAMES:
            if column.isna().any():
                row = int(column.isna().to_numpy().argmax())
                raise InputError(f"{path}: {name}: expected a name in each row, got none in {row}")
            frame[name] = column.map(from_csv)
        elif not is_numeric_dtype(column):
            raise InputError(f"{path}: {str(name)[:60]!r}: expected numbers, got others")
    return frame


def _require_moderate(text: str) -> None:
    """Raise ValueError if a table is too large to be printed."""
    for at, row in enumerate(csv.reader(io.StringIO(text, newline=""))):
        if at > _ROWS:
            raise ValueError(f"more than {_ROWS:,} rows")
        if len(row) > _COLUMNS:
            raise ValueError(f"{len(row):,} columns in row {at}")
        if max(map(len, row), default=0) > _LETTERS:
            raise ValueError(f"a cell of more than {_LETTERS:,} characters in row {at}")
