"""`python -m backfill.reporting [REPORT_FOLDER]`: the report's table in the terminal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from backfill.errors import InputError
from backfill.reporting.spreadsheets import from_csv
from backfill.reporting.tables.terminal import print_table

DEFAULT = Path("reports", "main", "overview")
_ROWS = 2_000  # of a table that somebody reads in a terminal


def show(folder: Path) -> None:
    """Print the table of the report in `folder`, and where its page is.

    Raises:
        InputError: there is no report, or its table cannot be read.
    """
    path = folder / "table.csv"
    try:
        # A method may be called "nan" or "null", or 0.1; its name is text all the same.
        names = dict.fromkeys(("panel", "method", "label"), str)
        frame = pd.read_csv(
            path, dtype=names, keep_default_na=False, na_values=[""], nrows=_ROWS + 1
        )
        if len(frame) > _ROWS:
            raise ValueError(f"more than {_ROWS:,} rows")
        for name in names.keys() & set(frame):
            frame[name] = frame[name].map(from_csv, na_action="ignore")
        print_table(frame)
    except FileNotFoundError:
        raise InputError(
            f"{path}: expected the table of a report, got no file; `dvc repro report` makes it"
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: expected the table of a report, got {error!r}") from error
    page = folder / "page" / "index.html"
    there = page.exists()
    print(page.resolve().as_uri() if there else f"{page}: `make repro` or `dvc pull` brings it")


def main() -> int:
    """Run the command line; 1 after an error that the user can mend."""
    parser = argparse.ArgumentParser(prog="python -m backfill.reporting", description=__doc__)
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=DEFAULT,
        help=f"a report's folder; by default {DEFAULT}",
    )
    try:
        show(parser.parse_args().folder)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
