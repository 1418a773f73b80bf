"""What closed forms give: a matrix and an offset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backfill.align.maps import KINDS, Stored, floating, require_width, store, unit
from backfill.arrays import Array, Float32s, Float64s
from backfill.errors import InputError


@dataclass(frozen=True, eq=False)
class AffineMap:
    """x -> x @ weight + bias, scaled to unit length.

    Attributes:
        weight: (D, D') float32.
        bias: (D',) float32.
        of_directions: whether x is scaled to unit length first, so that its length says nothing.

    Raises:
        InputError: the shapes do not fit.
    """

    weight: Float32s
    bias: Float32s
    of_directions: bool = False

    def __post_init__(self) -> None:
        weight, bias = floating("weight", self.weight), floating("bias", self.bias)
        if weight.ndim != 2 or 0 in weight.shape or bias.shape != weight.shape[1:]:
            raise InputError(
                f"weight: expected a matrix and an offset of its columns, "
                f"got shapes {weight.shape} and {bias.shape}"
            )

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
            InputError: they are no floating numbers, or have another width.
        """
        embeddings = floating("embeddings", embeddings)
        require_width(embeddings, len(self.weight))
        rows = unit(embeddings) if self.of_directions else np.asarray(embeddings, np.float32)
        return unit(rows @ self.weight + self.bias)

    def save(self, path: Path) -> None:
        """Write it as safetensors; :func:`backfill.align.load` reads it.

        Raises:
            InputError: the file cannot be written.
        """
        kind = "affine_of_directions" if self.of_directions else "affine"
        store(path, kind, {"weight": self.weight, "bias": self.bias})


def _restored(stored: Stored, of_directions: bool) -> AffineMap:
    return AffineMap(stored["weight"], stored["bias"], of_directions)


@KINDS.register("affine")
def _affine(stored: Stored) -> AffineMap:
    return _restored(stored, of_directions=False)


@KINDS.register("affine_of_directions")
def _affine_of_directions(stored: Stored) -> AffineMap:
    return _restored(stored, of_directions=True)
