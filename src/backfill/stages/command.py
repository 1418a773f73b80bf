"""What all stages share: command line, plan, costs, and how errors are shown."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from backfill import machine
from backfill.artifacts import MAIN_WORKSPACE, Layout, load_object, replacing
from backfill.errors import InputError, mistakes_in_one_line
from backfill.params.base import Name, Section
from backfill.pipeline.declared import Watch
from backfill.pipeline.plans import PLANS
from backfill.reading.files import short

__all__ = ["Done", "mistakes_in_one_line", "named", "read_plan", "run"]


class Done(NamedTuple):
    """What a stage has worked through: so many items of a kind."""

    items: int
    unit: str


def run(stage: Callable[..., Done], argv: Sequence[str] | None = None) -> None:
    """Call `stage(plan, layout)` or, if its plans are by row, `stage(plan, layout, row)`, and exit.

    If what it reads changes while it runs, it fails and leaves no output. What it cost is left in
    data/<workspace>/costs/: wall time and peak memory of this process, its start included (with
    Ray, without what other processes took), and items per second of the stage's own work.

    Args:
        stage: does the work; named as its file is.
        argv: the command line, sys.argv by default.
    """
    program = sys.modules["__main__"].__spec__
    if stage.__module__ == "__main__" and program is not None:
        # What it hands to other processes must be importable there.
        stage = getattr(importlib.import_module(program.name), stage.__name__)
    parser = argparse.ArgumentParser(
        prog=f"python -m {stage.__module__}", description=(stage.__doc__ or "").split("\n")[0]
    )
    if stage.__name__ != "split":
        parser.add_argument("row", help="the row, or the study, that it makes")
    parser.add_argument("--workspace", default=MAIN_WORKSPACE, help="where; main by default")
    if stage.__name__ not in ("split", "report"):
        parser.add_argument("--draw", type=int, default=0, help="of the encoders; the first is 0")
    values = vars(parser.parse_args(argv))
    with mistakes_in_one_line():
        workspace = named("--workspace", values.pop("workspace"))
        layout = Layout(workspace, draw=values.pop("draw", 0))
        row = [named("row", value) for value in values.values()]
        at_first = Watch.begun(
            layout, stage.__name__, *row, also=[_plan_path(layout, stage.__name__, *row)]
        )
        plan = read_plan(layout, stage.__name__, *row)
        machine.use_threads(getattr(plan, "threads", None))
        begun = time.perf_counter()
        done = stage(plan, layout, *row)
        at_first.require_same()
        cost = {
            "wall_s": round(machine.seconds_since_start(), 2),
            "peak_gib": round(machine.peak_gib(), 3),
            "items_per_s": round(done.items / (time.perf_counter() - begun), 1),
            "items": done.items,
            "unit": done.unit,
            "machine": machine.described(),
        }
        with replacing(layout.cost(stage.__name__, *row)) as temporary:
            temporary.write_text(f"{json.dumps(cost, indent=1)}\n")


def named(argument: str, value: str) -> str:
    """A name from the command line, checked before it becomes part of a path.

    Raises:
        InputError: it is not lower-case letters, digits and underscores.
    """
    try:
        return TypeAdapter(Name).validate_python(value)
    except ValidationError:
        expected = "expected lower-case letters, digits and underscores"
        raise InputError(f"{argument}: {expected}, got {short(value)}") from None


def read_plan(layout: Layout, stage: str, *row: str) -> Any:
    """The settings of a stage.

    Raises:
        InputError: the stage `plan` has not written them, or the file is damaged.
    """
    path = _plan_path(layout, stage, *row)
    model: type[Section] = PLANS[stage]
    try:
        return model.model_validate(load_object(path, "what `dvc repro plan` writes"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))[:200]
        raise InputError(
            f"{path}: expected what `dvc repro plan` writes, got: {key}: {first['msg'][:500]}"
        ) from error


def _plan_path(layout: Layout, stage: str, *row: str) -> Path:
    alike = layout.of_draw(0).plan(stage)  # of stages whose rows have one plan
    return alike if alike.exists() else layout.plan(stage, *row)
