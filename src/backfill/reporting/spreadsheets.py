"""Tables as CSV, which people open in spreadsheets."""

from __future__ import annotations

import re

import pandas as pd

from backfill.reporting.escaped import printable

# A spreadsheet computes what begins like this.
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_FORMULA_READ = re.compile(r"^'(?=[=+\-@\t\r])")


def csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV in UTF-8.

    Text that a spreadsheet would take for a formula gets an apostrophe in front, which it hides;
    :func:`from_csv` takes it away again. Numbers stay numbers.
    """

    def safe(value: object) -> object:
        if not isinstance(value, str):
            return value
        return f"'{printable(value)}" if _FORMULA.match(value) else printable(value)

    text = frame.rename(columns=safe)
    for at, kind in enumerate(text.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
            text.isetitem(at, text.iloc[:, at].map(safe))
    return str(text.to_csv(index=False)).encode()


def from_csv(text: str) -> str:
    """A text as it was before :func:`csv`."""
    return _FORMULA_READ.sub("", text)
