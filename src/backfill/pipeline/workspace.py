"""A workspace for a dataset's studies: parameters, a pipeline and a lock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.params import Settings, load, load_params, together, validated
from backfill.params.catalogue import names as study_names
from backfill.pipeline.dvc_yaml import studies_in, write
from backfill.pipeline.fitness import require_fit
from backfill.pipeline.graph import needed


def prepare(layout: Layout, studies: Sequence[str]) -> Path:
    """Write the workspace's dvc.yaml, with these studies and those that it has already.

    Studies whose file is gone are dropped. That of the main workspace has the main comparison.

    Args:
        layout: of the workspace, whose params.yaml is there.
        studies: names of studies.

    Returns:
        The path of dvc.yaml.

    Raises:
        InputError: settings are wrong, or dvc.yaml is not a pipeline of this project.
    """
    if layout.is_main:
        names = [load_params(layout.params).main]
    else:
        there = study_names()
        had = [name for name in studies_in(layout.pipeline) if name in there]
        names = list(dict.fromkeys([*had, *studies]))
    return _written(layout, load(layout.params, names), names)


def prepare_main(values: dict[str, Any]) -> Path:
    """Write the main dvc.yaml for parameters that are to be written to params.yaml.

    Args:
        values: all of them.

    Returns:
        The path of dvc.yaml.

    Raises:
        InputError: settings are wrong.
    """
    layout = Layout()
    params = validated(values, str(layout.params))
    return _written(layout, together(params, [params.main]), [params.main])


def _written(layout: Layout, settings: Settings, names: list[str]) -> Path:
    _require_apart(layout, getattr(settings.params.dataset, "root", None))
    graph = needed(settings, names)
    require_fit(layout.params, settings, graph)
    return write(layout, graph)


def _require_apart(layout: Layout, root: Path | None) -> None:
    """Raise InputError if the workspace would write among the user's own files."""
    if root is None:
        return
    images, data = Path(root).resolve(), layout.data.resolve()
    if images == data or data in images.parents or images in data.parents:
        raise InputError(
            f"{layout.params}: dataset.root: expected a folder apart from {layout.data}, which the "
            f"workspace writes to, got {root}; move it, or name another --workspace"
        )
