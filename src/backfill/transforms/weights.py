"""The file of trained transforms."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file

from backfill import validate
from backfill.artifacts import replacing
from backfill.transforms.modules import Transforms


def save(model: Transforms, path: Path) -> None:
    """Write the weights of `model` as safetensors.

    Raises:
        InputError: the file cannot be written, or the model is none.
    """
    validate.instance("model", model, Transforms)
    with replacing(validate.path("path", path)) as temporary:
        save_file({k: v.cpu().contiguous() for k, v in model.state_dict().items()}, temporary)
