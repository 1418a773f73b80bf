"""Stage `check`: params.yaml is right as a whole, before anything runs."""

from __future__ import annotations

from pathlib import Path

from backfill.artifacts import Layout, replacing
from backfill.params import Params
from backfill.stages.command import Done, run

CHECKED = Path("data/params.checked")


def check(params: Params, layout: Layout) -> Done:
    """Leave a file that never changes, so that its dependants wait for it but never rerun."""
    with replacing(CHECKED) as temporary:
        temporary.write_text("params.yaml is valid\n")
    return Done(1, "files")


if __name__ == "__main__":
    run(check)
