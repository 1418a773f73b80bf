"""params.yaml and studies/ in a folder, for a test to change."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from backfill.artifacts import Layout
from backfill.params import Settings, load
from backfill.params.catalogue import names
from backfill.pipeline.graph import Graph, needed
from backfill.reading.yaml import read

ROOT = Path(__file__).parents[2]
STUDIES = names(ROOT)
PARAMS, OVERVIEW = "params.yaml", "studies/overview.yaml"


def copy_settings(folder: Path) -> None:
    """Copy the committed files into an empty folder."""
    shutil.copy(ROOT / PARAMS, folder)
    shutil.copytree(ROOT / "studies", folder / "studies")


def set_value(path: Path, key: str, value: Any) -> None:
    """Give a key, with dots, of a YAML file a value."""
    content = node = read(path)
    *steps, last = key.split(".")
    for step in steps:
        node = node.setdefault(step, {})
    node[last] = value
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def graph_of(studies: Iterable[str], folder: Path = ROOT) -> tuple[Settings, Graph]:
    """The settings in a folder, and what these studies need."""
    chosen = list(studies)
    settings = load(Layout(root=folder).params, chosen, folder)
    return settings, needed(settings, chosen)
