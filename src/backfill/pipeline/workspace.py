"""A workspace for a dataset's studies: parameters, a pipeline and a lock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backfill.artifacts import Layout
from backfill.params import MAIN, load
from backfill.pipeline.dvc_yaml import studies_in, write
from backfill.pipeline.graph import needed


def prepare(layout: Layout, studies: Sequence[str]) -> Path:
    """Write the workspace's dvc.yaml, with these studies and those that it has already.

    Args:
        layout: of the workspace, whose params.yaml is there.
        studies: names of studies.

    Returns:
        The path of dvc.yaml.

    Raises:
        InputError: settings are wrong, or dvc.yaml is not a pipeline of this project.
    """
    had = studies_in(layout.pipeline)
    names = list(dict.fromkeys([*had, *studies])) or [MAIN]
    return write(layout, needed(load(layout.params, names), names))
