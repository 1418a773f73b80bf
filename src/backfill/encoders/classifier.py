"""An encoder's classifier as it is stored beside its embeddings: what losses and orders read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backfill.artifacts import replacing
from backfill.errors import InputError

FILE = "classifier.npz"


@dataclass(frozen=True)
class StoredClassifier:
    """A cosine classifier: scores are scale * cos(embedding, weight).

    Attributes:
        weight: (C, D) float32, any length.
        classes: labels of its rows.
        scale: factor on the cosines.
    """

    weight: NDArray[np.float32]
    classes: list[int]
    scale: float

    def scores(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, C) class scores of (N, D) unit-length embeddings."""
        weight = self.weight / np.linalg.norm(self.weight, axis=1, keepdims=True)
        return np.asarray(self.scale * embeddings @ weight.T, np.float32)

    def save(self, folder: Path) -> None:
        """Write classifier.npz to `folder`, the same bytes for the same classifier."""
        with replacing(folder / FILE) as temporary:
            np.savez(
                temporary,
                allow_pickle=False,
                weight=self.weight,
                classes=np.array(self.classes, np.int64),
                scale=np.array(self.scale),
            )

    @classmethod
    def load(cls, folder: Path) -> StoredClassifier:
        """Read the classifier of an embedding set.

        Raises:
            InputError: the set has none, as a self-supervised encoder's, or it is damaged.
        """
        path = folder / FILE
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(stored["weight"], stored["classes"].tolist(), float(stored["scale"]))
        except FileNotFoundError:
            raise InputError(f"{path}: not there, and a classifier is needed here") from None
        except Exception as error:  # a damaged archive fails in many ways, with many types
            raise InputError(f"{path}: no readable classifier ({error})") from error
