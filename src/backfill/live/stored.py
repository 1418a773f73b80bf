"""A fitted method of serving, as files: what every search and every worker must share."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from backfill.align import Map, Mix, load
from backfill.arrays import Float32s
from backfill.artifacts import load_object, replacing
from backfill.errors import InputError
from backfill.live.fitting import WAYS
from backfill.live.serving import Serving

_DESCRIPTION, _MAP, _BACK, _BACKGROUND = (
    "method.json",
    "map.safetensors",
    "back.safetensors",
    "background.safetensors",
)


def save(serving: Serving, folder: Path) -> None:
    """Write it into a folder of its own, which is replaced as a whole.

    Raises:
        InputError: the folder cannot be written.
    """
    with replacing(folder) as temporary:
        temporary.mkdir()
        mix = None if serving.mix is None else serving.mix.weight
        description = {"method": serving.method, "mix": mix}
        (temporary / _DESCRIPTION).write_text(f"{json.dumps(description)}\n")
        for name, each in ((_MAP, serving.map), (_BACK, serving.back)):
            if each is not None:
                each.save(temporary / name)
        if serving.waiting is not None and serving.done is not None:
            arrays = {"waiting": serving.waiting, "done": serving.done}
            save_file(arrays, temporary / _BACKGROUND)


def read(folder: Path) -> Serving:
    """Read what :func:`save` wrote.

    Raises:
        InputError: it is not there, or damaged.
    """
    described = load_object(folder / _DESCRIPTION, "a method of serving")
    method, mix = described.get("method"), described.get("mix")
    if method not in WAYS or not (mix is None or (isinstance(mix, float) and 0 <= mix <= 1)):
        raise InputError(f"{folder / _DESCRIPTION}: expected a method of serving, got {described}")
    background = _background(folder / _BACKGROUND)
    return Serving(
        method,
        _map(folder / _MAP),
        None if mix is None else Mix(mix),
        _map(folder / _BACK),
        background.get("waiting"),
        background.get("done"),
    )


def digest(folder: Path) -> str:
    """What changes when the method does: 32 hexadecimal digits.

    Raises:
        InputError: there is no method in the folder.
    """
    found = hashlib.blake2b(digest_size=16)
    try:
        for path in sorted(folder.iterdir()):
            found.update(path.name.encode())
            found.update(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{folder}: expected a fitted method, which `backfill start` writes, got: "
            f"{error.strerror}"
        ) from error
    return found.hexdigest()


def _map(path: Path) -> Map | None:
    return load(path) if path.exists() else None


def _background(path: Path) -> dict[str, Float32s]:
    if not path.exists():
        return {}
    try:
        found: dict[str, Float32s] = load_file(path)
    except (OSError, SafetensorError, ValueError, TypeError) as error:
        raise InputError(f"{path}: expected a background, got: {error!r}") from error
    shapes = {name: array.shape for name, array in found.items()}
    same = set(found) == {"waiting", "done"} and len({shape[0] for shape in shapes.values()}) == 1
    if not same or any(a.ndim != 2 or a.dtype != np.float32 for a in found.values()):
        raise InputError(f"{path}: expected waiting and done, rows of float32, got {shapes}")
    return found
