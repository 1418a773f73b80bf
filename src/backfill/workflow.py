"""What DVC does not do by itself: commands that write, run and show pipelines."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import reduce
from pathlib import Path
from typing import Any

from backfill.artifacts import MAIN_WORKSPACE, Layout, load_object, replacing
from backfill.errors import InputError
from backfill.params import MAIN
from backfill.params.catalogue import names as study_names
from backfill.params.mistakes import nearest
from backfill.pipeline import presets
from backfill.pipeline.dvc_yaml import studies_in
from backfill.pipeline.killed import forget_half_notes
from backfill.pipeline.workspace import prepare
from backfill.reading.files import short
from backfill.reading.yaml import read
from backfill.stages.command import named

# What a stage leaves of its cost, as far as it is printed.
_COST = {"wall_s": int | float, "peak_gib": int | float, "items_per_s": int | float, "unit": str}


def pipeline(workspace: str = MAIN_WORKSPACE) -> None:
    """Write a workspace's dvc.yaml, and print its path."""
    forget_half_notes()
    layout = Layout(named("--workspace", workspace))
    print(prepare(layout, []))


def params(overrides: Sequence[str]) -> None:
    """Write presets and values into params.yaml, and its pipeline."""
    layout = Layout()
    before = layout.params.read_bytes() if layout.params.exists() else None
    with _taken_back(layout.params, before):
        presets.write(presets.composed(overrides), layout.params)
        pipeline()


def study(name: str, overrides: Sequence[str], workspace: str | None, run: bool) -> None:
    """Make a study's report in its workspace, or only write its pipeline."""
    if name not in (known := study_names()):
        raise InputError(f"study: expected a study, got {short(name)}{nearest(name, known)}")
    values = presets.composed(overrides)
    layout = Layout(named("--workspace", workspace or _dataset_of(values)))
    if layout.is_main:
        raise InputError(f"--workspace: expected another name, got {MAIN_WORKSPACE!r}")
    new = not layout.params.exists()
    with _taken_back(layout.params, None) if new else nullcontext():
        if new:
            presets.write(values, layout.params)
        else:
            _require_same(layout, values, overrides)
            print(f"with {layout.params} as it is", file=sys.stderr)
        path = prepare(layout, [name])
    if not run:
        print(path)
    else:
        _dvc("repro", f"{path}:report-{name}")
        show(layout.report(name))


def show(folder: Path | None) -> None:
    """Print a report's table, and where its page is."""
    from backfill.reporting.__main__ import show as print_report  # pandas: for this alone

    print_report(folder or Layout().report(next(iter(studies_in(Layout().pipeline)), MAIN)))


def costs(workspace: str) -> None:
    """Print what each stage cost when it last ran."""
    import pandas as pd

    from backfill.reporting.escaped import printable
    from backfill.reporting.tables.costs import costs as by_stage

    data = Layout(named("--workspace", workspace)).data
    folder = data / "costs"
    folders = (folder, *data.glob("draws/*/costs"))
    files = [(path, at) for at in folders for path in at.rglob("*.json")]
    kept: list[dict[str, Any]] = []
    for path, at in sorted(files, key=lambda file: file[0].lstat().st_mtime):
        stage, *row = map(printable, path.relative_to(at).with_suffix("").parts)
        cost = load_object(path, "a stage's cost")
        if not all(isinstance(cost.get(key), kind) for key, kind in _COST.items()):
            raise InputError(f"{path}: expected {', '.join(_COST)}, got others; remove it")
        cost |= {"stage": stage, "row": "".join(row), "unit": printable(cost["unit"])}
        kept.append({key: cost[key] for key in ("stage", "row", *_COST)})
    if not kept:
        raise InputError(
            f"{folder}: expected what stages cost, got nothing; stages leave that on the machine "
            "that runs them"
        )
    print(by_stage(pd.DataFrame(kept)).to_string(index=False))


@contextmanager
def _taken_back(path: Path, before: bytes | None) -> Iterator[None]:
    """Give a file its content back, or remove it, if its new content turns out to be wrong."""
    try:
        yield
    except InputError:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            with replacing(path) as temporary:
                temporary.write_bytes(before)
        raise


def _require_same(layout: Layout, values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Raise InputError if a workspace that is there says something else than the overrides."""
    there = read(layout.params)
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        keys = {"dataset": "dataset.name"}.get(key, key).split(".")
        asked, found = (reduce(_get, keys, parameters) for parameters in (values, there))
        if asked != found:
            raise InputError(
                f"{layout.params}: {'.'.join(keys)}: expected {short(asked)}, as asked for, got "
                f"{short(found)}; edit the file, or name another --workspace"
            )


def _get(section: Any, key: str) -> Any:
    return section.get(key) if isinstance(section, dict) else None


def _dataset_of(values: dict[str, Any]) -> str:
    section = values.get("dataset")
    if not isinstance(section, dict):
        return str(section)
    search = section.get("search", "test")
    return str(section.get("name")) + ("" if search == "test" else f"_{search}")


def _dvc(*arguments: str) -> None:
    """Run DVC from this environment; end as it ends."""
    forget_half_notes()
    command = [sys.executable, "-m", "dvc", *arguments]
    # Stages are run by the Python of this environment, also if it is not activated.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with subprocess.Popen(
        command, env=os.environ | {"DVC_NO_ANALYTICS": "1", "PATH": path}
    ) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:  # DVC has seen it too, and puts things in order
            process.wait()
            raise
    if status:
        sys.exit(status)
