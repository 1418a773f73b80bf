"""The command `backfill check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def check(
    folder: Annotated[Path, typer.Argument(help="with old.npy, new.npy, ...")],
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> None:
    """Say what a folder of vectors has, what it lacks, and what is wrong with it.

    Files are found by their names: old, new, sample, queries_old, queries_new, ids, labels, ...
    Every row is read. The exit status is 1 if there are errors.
    """
    from backfill.vectors.checking import check as checked
    from backfill.vectors.shown import show

    report = checked(folder)
    if as_json:
        print(json.dumps(report.as_dict(), indent=1))
    else:
        show(report)
    if not report.ok:
        raise typer.Exit(1)
