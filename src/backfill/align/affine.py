"""What closed forms give: a matrix and an offset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from backfill.arrays import Array, Float32s, Float64s
from backfill.artifacts import replacing
from backfill.errors import InputError


@dataclass(frozen=True, eq=False)
class AffineMap:
    """x -> x @ weight + bias, scaled to unit length.

    Attributes:
        weight: (D, D') float32.
        bias: (D',) float32.
    """

    weight: Float32s
    bias: Float32s

    @classmethod
    def centred(cls, weight: Float64s, mean: Float64s, onto: Float64s) -> AffineMap:
        """X -> (x - mean) @ weight + onto.

        Args:
            weight: (D, D').
            mean: (D,) that is taken from x.
            onto: (D',) that is added.
        """
        bias = onto - mean @ weight
        return cls(weight.astype(np.float32), bias.astype(np.float32))

    @property
    def dims(self) -> tuple[int, int]:
        """Width of what it reads, and of what it makes."""
        rows, columns = self.weight.shape
        return rows, columns

    def apply(self, embeddings: Array) -> Float32s:
        """Map embeddings into the other space.

        Args:
            embeddings: (..., D).

        Returns:
            (..., D') float32 of unit length; a vector that maps to zero stays zero.

        Raises:
            InputError: they have another width.
        """
        width = embeddings.shape[-1]
        if width != len(self.weight):
            raise InputError(f"embeddings: expected {len(self.weight)} columns, got {width}")
        made = np.asarray(embeddings, np.float32) @ self.weight + self.bias
        length = np.linalg.norm(made, axis=-1, keepdims=True)
        scaled: Float32s = made / np.maximum(length, np.finfo(np.float32).tiny)
        return scaled

    def save(self, path: Path) -> None:
        """Write it as safetensors.

        Raises:
            InputError: the file cannot be written.
        """
        with replacing(path) as temporary:
            save_file({"weight": self.weight, "bias": self.bias}, temporary)

    @classmethod
    def load(cls, path: Path) -> AffineMap:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: there is no such file, or it holds something else.
        """
        try:
            stored = load_file(path)
            weight, bias = stored["weight"], stored["bias"]
        except (OSError, KeyError, SafetensorError) as error:
            raise InputError(f"{path}: expected a stored affine map, got: {error!r}") from error
        if weight.ndim != 2 or bias.shape != weight.shape[1:]:
            shapes = f"{weight.shape} and {bias.shape}"
            raise InputError(f"{path}: expected a matrix and its offset, got shapes {shapes}")
        return cls(weight, bias)
