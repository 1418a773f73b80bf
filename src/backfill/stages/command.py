"""What all stages share: their command line, what they cost, and how mistakes are reported."""

from __future__ import annotations

import argparse
import errno
import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from backfill import machine
from backfill.artifacts import Layout, replacing
from backfill.errors import InputError
from backfill.params import Params, load

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Done(NamedTuple):
    """What a stage has worked through: so many items of a kind."""

    items: int
    unit: str


def run(stage: Callable[..., Done], *arguments: str, argv: Sequence[str] | None = None) -> None:
    """Validate params.yaml and call `stage(params, layout, *arguments)`, then exit.

    What it cost is left in data/<dataset>/costs/: wall time and peak memory of this process, its
    start included (with Ray, less what other processes took), and items per second of the stage's
    own work.

    Args:
        stage: does the work.
        arguments: names of the command line's arguments, such as the row of params.yaml.
        argv: the command line, sys.argv by default.
    """
    program = sys.modules["__main__"].__spec__
    if stage.__module__ == "__main__" and program is not None:
        # What it hands to other processes must be importable there.
        stage = getattr(importlib.import_module(program.name), stage.__name__)
    parser = argparse.ArgumentParser(
        prog=f"python -m {stage.__module__}", description=(stage.__doc__ or "").split("\n")[0]
    )
    for argument in arguments:
        parser.add_argument(argument)
    values = vars(parser.parse_args(argv))
    try:
        params: Params = load()
        layout = Layout(params.dataset.name)
        begun = time.perf_counter()
        done = stage(params, layout, *values.values())
        cost = {
            "wall_s": round(machine.seconds_since_start(), 2),
            "peak_gib": round(machine.peak_gib(), 3),
            "items_per_s": round(done.items / (time.perf_counter() - begun), 1),
            "items": done.items,
            "unit": done.unit,
            "machine": machine.described(),
        }
        with replacing(layout.cost(stage.__name__, *values.values())) as temporary:
            temporary.write_text(f"{json.dumps(cost, indent=1)}\n")
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno not in FULL:
            raise
        sys.exit(f"error: {error.filename or 'disk'}: cannot be written ({error.strerror})")
