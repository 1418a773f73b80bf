"""A workspace for a dataset's studies: parameters, a pipeline and a lock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.params import MAIN, load
from backfill.params.catalogue import names as study_names
from backfill.pipeline.dvc_yaml import studies_in, write
from backfill.pipeline.graph import needed


def prepare(layout: Layout, studies: Sequence[str]) -> Path:
    """Write the workspace's dvc.yaml, with these studies and those that it has already.

    Studies whose file is gone are dropped.

    Args:
        layout: of the workspace, whose params.yaml is there.
        studies: names of studies.

    Returns:
        The path of dvc.yaml.

    Raises:
        InputError: settings are wrong, or dvc.yaml is not a pipeline of this project.
    """
    there = study_names()
    had = [name for name in studies_in(layout.pipeline) if name in there]
    names = list(dict.fromkeys([*had, *studies])) or [MAIN]
    settings = load(layout.params, names)
    _require_apart(layout, getattr(settings.params.dataset, "root", None))
    return write(layout, needed(settings, names))


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
