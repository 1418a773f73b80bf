"""Write params.yaml from conf/, as `dvc exp run` does, but keeping its comments.

python -m backfill.compose dataset=cifar100 scale=paper
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from backfill.artifacts import replacing
from backfill.errors import InputError


def composed(overrides: Sequence[str] = (), conf: Path = Path("conf")) -> dict[str, Any]:
    """The parameters that conf/ composes under Hydra overrides such as `dataset=cifar100`.

    Raises:
        InputError: an override names no group, file or key.
    """
    try:
        with initialize_config_dir(str(conf.resolve()), version_base=None):
            config = compose("config", list(overrides))
            values: dict[str, Any] = OmegaConf.to_container(config, resolve=True)
            return values
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(f"{conf}: {' '.join(str(error).split())}") from error


def update(old: Any, new: dict[str, Any]) -> None:
    """Give the commented mapping `old` the keys and values of `new`, in place."""
    for key in [key for key in old if key not in new]:
        del old[key]
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            update(old[key], value)
        elif key not in old or old[key] != value:
            old[key] = formatted(value)


def formatted(value: Any) -> Any:
    """A new value as params.yaml is written: a row, with mappings of plain values, in one line."""
    if isinstance(value, dict):
        made: Any = CommentedMap({key: formatted(item) for key, item in value.items()})
    elif isinstance(value, list):
        made = CommentedSeq(map(formatted, value))
    else:
        return value
    if _depth(value) <= 2:
        made.fa.set_flow_style()
    return made


def _depth(value: Any) -> int:
    """How many mappings and lists lie in each other."""
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0)


def main(overrides: Sequence[str]) -> None:
    """Compose, and write params.yaml."""
    path = Path("params.yaml")
    yaml = YAML()
    yaml.width = 1000  # a row is a line
    document = yaml.load(path) if path.exists() else {}
    update(document, composed(overrides))
    with replacing(path) as temporary:
        yaml.dump(document, temporary)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InputError as error:
        sys.exit(f"error: {error}")
