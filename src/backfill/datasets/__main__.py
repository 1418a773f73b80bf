"""Checks a dataset before a run: what is there, what is missing, how much room a run takes.

python -m backfill.datasets check imagenet /data/imagenet size=128
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from backfill.datasets import NAMES
from backfill.datasets.check import check
from backfill.errors import mistakes_in_one_line
from backfill.reading.files import short

_MOST = 1_000_000


def main(argv: Sequence[str] | None = None) -> None:
    """Check one dataset and print what it holds; exit with status 1 if it cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m backfill.datasets", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser(
        "check", help="say what is there, what is missing, and how much room a run takes"
    )
    command.add_argument("name", choices=NAMES)
    command.add_argument("root", nargs="?", help="folder of the dataset, if it has files")
    command.add_argument(
        "settings",
        nargs="*",
        metavar="key=value",
        help="further settings, as under `dataset` in params.yaml",
    )
    command.add_argument("--dim", type=_count, default=128, help="dimensions of an embedding")
    command.add_argument(
        "--views", type=_count, default=3, help="augmented views of the training set to embed"
    )
    given = parser.parse_args(argv)
    with mistakes_in_one_line():
        print(check(given.name, given.root, given.settings, given.dim, given.views))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and 0 < int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"expected 1 to {_MOST:,}, got {short(text)}")
    return int(text)


if __name__ == "__main__":
    main()
