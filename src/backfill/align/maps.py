"""What every fit gives: a map from one space to another, and how maps are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from backfill import validate
from backfill.arrays import Array, Float32s, Floats, moderate
from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.registry import Registry


class _Shaped(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...


class Map(Protocol):
    """Brings rows of one space into another, where they can be compared with that one's own."""

    @property
    def dims(self) -> tuple[int, int]:
        """Width of what it reads, and of what it makes."""

    def apply(self, rows: Array, /) -> Float32s:
        """Map (..., D) rows to (..., D') float32 rows of unit length.

        Raises:
            InputError: they have another width.
        """

    def save(self, path: Path) -> None:
        """Write it as safetensors; :func:`load` reads it.

        Raises:
            InputError: the file cannot be written.
        """


Stored = Mapping[str, Float32s]

# What makes a map of its arrays, by the kind that its file names.
KINDS: Registry[Callable[[Stored], Map]] = Registry("backfill.align")


def load(path: Path) -> Map:
    """Read a map of any kind.

    Raises:
        InputError: there is no such file, it holds no map, or one of a kind that is not known.
    """
    path = validate.path("path", path)
    try:
        with safe_open(path, framework="numpy") as file:
            kind = str((file.metadata() or {}).get("kind"))
            names = list(file.keys()) if kind in KINDS else []
            stored = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: expected a stored map, got: {error!r}") from error
    if kind not in KINDS:
        raise InputError(f"{path}: kind: expected {' or '.join(KINDS)}, got {kind!r}")
    if any(a.dtype != np.float32 or not np.isfinite(a).all() for a in stored.values()):
        raise InputError(f"{path}: expected finite float32 numbers, got others")
    try:
        return KINDS[kind](stored)
    except (KeyError, InputError) as error:
        raise InputError(f"{path}: expected a stored map, got: {error}") from error


def store(path: Path, kind: str, arrays: Stored) -> None:
    """Write the arrays of a map, and which kind it is."""
    with replacing(validate.path("path", path)) as temporary:
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(contiguous, temporary, metadata={"kind": kind})


def unit(rows: Array) -> Float32s:
    """Scale (..., D) rows to unit length, as float32; zeros stay zeros."""
    rows = np.asarray(rows)
    rows = np.asarray(moderate(rows) if rows.dtype.kind == "f" else rows, np.float32)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Float32s = rows / np.maximum(length, np.finfo(np.float32).tiny)
    return scaled


def floating(name: str, rows: Array) -> Floats:
    """Return (..., D) floating numbers.

    Raises:
        InputError: they are others.
    """
    found = validate.array(name, rows)
    if found.dtype.kind != "f" or found.ndim < 1:
        raise InputError(
            f"{name}: expected floating numbers (..., dimensions), "
            f"got {found.dtype} of shape {found.shape}"
        )
    return found


def require_width(rows: _Shaped, width: int) -> None:
    """Require (..., width) rows.

    Raises:
        InputError: they have another width.
    """
    if rows.shape[-1] != width:
        raise InputError(f"embeddings: expected {width} columns, got {rows.shape[-1]}")
