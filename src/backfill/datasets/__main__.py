"""Tells whether a dataset is complete, before a run does.

python -m backfill.datasets check imagenet /data/imagenet size=128
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from backfill.datasets import LOADERS, DatasetSettings, load
from backfill.datasets.summary import describe
from backfill.errors import InputError


def main(argv: Sequence[str] | None = None) -> None:
    """Check one dataset and print what it holds; status 1 and one error if it cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m backfill.datasets", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser(
        "check", help="what is found, what is missing, how much room a run takes"
    )
    check.add_argument("name", choices=sorted(LOADERS))
    check.add_argument("root", nargs="?", help="its folder; none for those that need no files")
    check.add_argument(
        "settings",
        nargs="*",
        metavar="key=value",
        help="further settings, as under `dataset` in params.yaml",
    )
    check.add_argument("--dim", type=int, default=128, help="dimensions of an embedding")
    check.add_argument("--views", type=int, default=3, help="augmented views of the training set")
    arguments = parser.parse_args(argv)
    try:
        settings = parse(arguments.name, arguments.root, arguments.settings)
        print(describe(load(settings), arguments.dim, arguments.views))
    except InputError as error:
        sys.exit(f"error: {error}")


def parse(name: str, root: str | None, assignments: Sequence[str]) -> DatasetSettings:
    """Validated settings of a dataset from the command line.

    Raises :class:`InputError` for all settings that are missing, unknown or of another type.
    """
    values: dict[str, Any] = {"name": name}
    if root is not None:
        values["root"] = root
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise InputError(f"{assignment!r}: expected key=value")
        try:
            values[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(f"{key}: found {value!r}, expected a value as in YAML") from None
    try:
        settings: DatasetSettings = TypeAdapter(DatasetSettings).validate_python(values)
    except ValidationError as error:
        mistakes = [
            f"{'.'.join(map(str, found['loc'][1:]))}: {found['msg']}" for found in error.errors()
        ]
        raise InputError(f"{name}: " + "; ".join(mistakes)) from None
    return settings


if __name__ == "__main__":
    main()
