"""What `dvc exp run -S ...` does for a preset with `${pipeline:study}`: it writes dvc.yaml too.

DVC finds it by `hydra.plugins_path` in .dvc/config.
"""

from __future__ import annotations

from contextlib import suppress

from omegaconf import DictConfig, OmegaConf

from backfill.errors import InputError
from backfill.pipeline.workspace import prepare_main


def pipeline(study: str, *, _root_: DictConfig) -> str:
    """Write the stages of a study for the parameters that are being composed.

    Wrong parameters are left to the stage `plan`, which names all mistakes.

    Args:
        study: its name.
        _root_: the parameters.

    Returns:
        The name.
    """
    others = OmegaConf.masked_copy(_root_, [key for key in _root_ if key != "study"])
    values = OmegaConf.to_container(others, resolve=True)
    assert isinstance(values, dict)
    with suppress(InputError):
        prepare_main({str(key): value for key, value in values.items()} | {"study": study})
    return study


OmegaConf.register_new_resolver("pipeline", pipeline, replace=True)
