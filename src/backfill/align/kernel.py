"""A map of two parts: linear, and a sum over landmarks for what is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backfill import validate
from backfill.align.maps import KINDS, Stored, floating, require_width, store, unit
from backfill.arrays import Array, Float32s, Floats
from backfill.errors import InputError

BLOCK = 8_192  # rows whose kernel is in memory at a time


def gaussian(rows: Floats, landmarks: Floats, width: float) -> Floats:
    """exp(-|x - z|^2 / (2 width^2)) of every row and landmark.

    Args:
        rows: (n, D) of unit length.
        landmarks: (m, D) of unit length.
        width: a distance.

    Returns:
        (n, m), of the type of both.
    """
    kernel: Floats = rows @ landmarks.T
    kernel -= 1  # |x - z|^2 / 2 is 1 - x z
    kernel /= width**2
    return np.exp(kernel, out=kernel)


@dataclass(frozen=True, eq=False)
class KernelMap:
    """x -> x @ weight + bias + kernel(x, landmarks) @ coefficients, scaled to unit length.

    x is scaled to unit length first; kernel is :func:`gaussian`.

    Attributes:
        weight: (D, D') float32.
        bias: (D',) float32.
        landmarks: (m, D) float32 of unit length.
        coefficients: (m, D') float32.
        width: of the kernel, as a distance.

    Raises:
        InputError: the shapes do not fit, or the width is not above 0.
    """

    weight: Float32s
    bias: Float32s
    landmarks: Float32s
    coefficients: Float32s
    width: float

    def __post_init__(self) -> None:
        shapes = [floating(name, getattr(self, name)).shape for name in _ARRAYS]
        old, new = (*shapes[0], 0, 0)[:2]
        count = (*shapes[2], 0)[0]
        if 0 in (old, new) or shapes != [(old, new), (new,), (count, old), (count, new)]:
            raise InputError(
                "weight: expected a matrix, an offset, landmarks and coefficients that fit, "
                f"got shapes {', '.join(map(str, shapes))}"
            )
        validate.number("width", self.width, 0, inside=True)

    @property
    def dims(self) -> tuple[int, int]:
        """Width of what it reads, and of what it makes."""
        rows, columns = self.weight.shape
        return rows, columns

    def apply(self, embeddings: Array) -> Float32s:
        """Map embeddings into the other space, in blocks.

        Args:
            embeddings: (..., D).

        Returns:
            (..., D') float32 of unit length.

        Raises:
            InputError: they are no floating numbers, or have another width.
        """
        embeddings = floating("embeddings", embeddings)
        width, wide = self.dims
        require_width(embeddings, width)
        flat = embeddings.reshape(-1, width)
        made = np.empty((len(flat), wide), np.float32)
        for start in range(0, len(flat), BLOCK):
            rows = unit(flat[start : start + BLOCK])
            bent = gaussian(rows, self.landmarks, self.width) @ self.coefficients
            made[start : start + BLOCK] = unit(rows @ self.weight + self.bias + bent)
        return made.reshape(*embeddings.shape[:-1], wide)

    def save(self, path: Path) -> None:
        """Write it as safetensors; :func:`backfill.align.load` reads it.

        Raises:
            InputError: the file cannot be written.
        """
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        store(path, "kernel", arrays | {"width": np.array([self.width], np.float32)})


_ARRAYS = ("weight", "bias", "landmarks", "coefficients")


@KINDS.register("kernel")
def _kernel(stored: Stored) -> KernelMap:
    if stored["width"].shape != (1,):
        raise InputError(f"width: expected one number, got shape {stored['width'].shape}")
    arrays = {name: stored[name] for name in _ARRAYS}
    return KernelMap(**arrays, width=float(stored["width"][0]))
