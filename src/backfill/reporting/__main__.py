"""`python -m backfill.reporting [REPORT_FOLDER]`: the report's table in the terminal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from backfill.errors import InputError
from backfill.reporting.tables.stored import read_table
from backfill.reporting.tables.terminal import print_table

DEFAULT = Path("reports", "main", "overview")


def show(folder: Path) -> None:
    """Print the table of the report in `folder`, and where its page is.

    Raises:
        InputError: there is no report, or its table cannot be read.
    """
    path = folder / "table.csv"
    frame = read_table(path)
    try:
        print_table(frame)
    except (ArithmeticError, ValueError, KeyError) as error:  # columns are missing, for example
        raise InputError(f"{path}: expected the table of a report, got {error!r:.200}") from error
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
