"""The stored form of an encoder's classifier, which losses and orders read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backfill.arrays import Float32s
from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.reading.npy import Form, member, read_archive

FILE = "classifier.npz"
_LARGEST = 1_000_000  # scale: a factor on cosines, far below what float32 can hold
_FORMS = {
    "weight": Form(np.float32, (2,), "a row per class (C, D)"),
    "classes": Form(np.int64, (1,), "the label of each row (C,)"),
    "scale": Form(np.float64, (0,), "a factor on cosines"),
}


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
        stored = read_archive(path, "a classifier")
        weight, classes, scale = (member(path, stored, name, form) for name, form in _FORMS.items())
        if len(classes) != len(weight) or len(np.unique(classes)) != len(classes):
            raise InputError(
                f"{path}: classes: expected one for each of {len(weight)} rows, all different, "
                f"got {len(np.unique(classes))} in {len(classes)}"
            )
        if not abs(scale) <= _LARGEST:
            raise InputError(f"{path}: scale: expected at most {_LARGEST:,}, got {scale:g}")
        with np.errstate(over="ignore"):
            length = np.linalg.norm(weight, axis=1)
        unfit = ~((length > 0) & np.isfinite(length))  # a cosine with it is not a number
        if unfit.any():
            row = int(np.argmax(unfit))
            raise InputError(
                f"{path}: weight: expected rows with a length, got {length[row]:g} in row {row}"
            )
        return cls(weight, classes.tolist(), float(scale))
