"""The stored form of an encoder's classifier, which losses and orders read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backfill.arrays import Float32s
from backfill.artifacts import replacing
from backfill.errors import InputError

FILE = "classifier.npz"


@dataclass(frozen=True)
class StoredClassifier:
    """A cosine classifier: scores are scale * cos(embedding, weight).

    Attributes:
        weight: (C, D) float32 rows of any length.
        classes: label of each row.
        scale: factor on the cosines.
    """

    weight: Float32s
    classes: list[int]
    scale: float

    def scores(self, embeddings: Float32s) -> Float32s:
        """Map (N, D) unit-length embeddings to (N, C) class scores."""
        weight = self.weight / np.linalg.norm(self.weight, axis=1, keepdims=True)
        return np.asarray(self.scale * embeddings @ weight.T, np.float32)

    def save(self, folder: Path) -> None:
        """Write classifier.npz to `folder`; the same classifier always gives the same bytes.

        Raises:
            InputError: the file cannot be written.
        """
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
        """Read the classifier in the folder of an encoder's embeddings.

        Raises:
            InputError: there is none, as with a self-supervised encoder, or the file is damaged.
        """
        path = folder / FILE
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(stored["weight"], stored["classes"].tolist(), float(stored["scale"]))
        except FileNotFoundError:
            raise InputError(f"{path}: expected a classifier, got no such file") from None
        except Exception as error:  # a damaged archive raises many types of errors
            raise InputError(f"{path}: expected a readable classifier, got: {error}") from error
