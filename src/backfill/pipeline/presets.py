"""params.yaml with the presets of conf/ on top, as `dvc exp run -S dataset=...` writes it.

Here the comments stay.
"""

from __future__ import annotations

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
from backfill.params import validated
from backfill.reading.yaml import read

CONF = Path("conf")


def composed(overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The parameters of ./params.yaml under Hydra overrides.

    Args:
        overrides: presets such as `dataset=cifar100`, values such as `train.epochs=3`.

    Raises:
        InputError: an override names no preset or key.
    """
    read(Path("params.yaml"))  # names the file and the line, where Hydra would not
    # A preset's `${pipeline:name}` is the name of a study. Where DVC composes, it writes dvc.yaml
    # too: conf/hydra_plugins.
    OmegaConf.register_new_resolver("pipeline", str, replace=True)
    try:
        with initialize_config_dir(str(CONF.resolve()), version_base=None):
            config = compose("config", list(overrides))
            values: dict[str, Any] = OmegaConf.to_container(config, resolve=True)
            return values
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        reason = " ".join(str(error).partition("Config search path")[0].split())
        raise InputError(f"{' '.join(overrides) or CONF}: expected presets of {CONF} or keys of "
                         f"params.yaml, got: {reason}") from error  # fmt: skip


def write(values: dict[str, Any], path: Path, comments: Path = Path("params.yaml")) -> None:
    """Write parameters with the comments of another file; wrong ones are not written.

    Args:
        values: the parameters.
        path: where to.
        comments: the file whose layout and comments are kept.

    Raises:
        InputError: a key or value is wrong, or the file cannot be written.
    """
    validated(values, str(path))
    yaml = YAML()
    yaml.width = 1000  # a mapping in one line stays there
    yaml.representer.add_representer(
        type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    document = yaml.load(comments) if comments.exists() else {}
    _update(document, values)
    with replacing(path) as temporary:
        yaml.dump(document, temporary)


def _update(old: Any, new: dict[str, Any]) -> None:
    """Give the commented mapping `old` the keys and values of `new`, in place."""
    for key in [key for key in old if key not in new]:
        del old[key]
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            _update(old[key], value)
        elif key in old and old[key] != value:
            old[key] = _formatted(value)
        elif key not in old:
            _append(old, key, _formatted(value))


def _append(mapping: Any, key: str, value: Any) -> None:
    """Add a key at the end of a mapping, above the comment of what follows the mapping."""
    holder, last = mapping, next(reversed(mapping), None)
    while last is not None and isinstance(holder[last], CommentedMap) and holder[last]:
        holder = holder[last]
        last = next(reversed(holder))
    mapping[key] = value
    if last is None or last not in holder.ca.items:
        return
    # What stands behind the last value: a comment on its line, or the lines after it.
    after = holder.ca.items[last][2]
    if after is not None and after.value.startswith("\n"):
        mapping.ca.items[key] = holder.ca.items.pop(last)


def _formatted(value: Any) -> Any:
    """A new value as params.yaml is written: small mappings and lists in one line."""
    if isinstance(value, dict):
        made: Any = CommentedMap({key: _formatted(item) for key, item in value.items()})
    elif isinstance(value, list):
        made = CommentedSeq(map(_formatted, value))
    else:
        return value
    if _depth(value) <= 2:
        made.fa.set_flow_style()
    return made


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0)
