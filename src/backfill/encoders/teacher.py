"""The old encoder as training sees it: its stored embeddings and its fixed classifier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from backfill.artifacts import load_array
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError


@dataclass(frozen=True)
class Teacher:
    """What an encoder that is to be compatible knows of the one in service.

    Attributes:
        views: (V, N, D) unit-length embeddings of the training set, in V augmented views.
        classifier: the old classifier, fixed.
    """

    views: NDArray[np.float32]
    classifier: StoredClassifier

    @classmethod
    def load(cls, folder: Path) -> Teacher:
        """Read an encoder's folder of embeddings.

        Raises:
            InputError: a file is missing or damaged, or the encoder has no classifier.
        """
        views = load_array(folder / "train.npy", memory_map=True)
        return cls(views, StoredClassifier.load(folder))

    def embeddings(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """(B, D) old embeddings of B training items, a random view of each."""
        view = torch.randint(len(self.views), (len(rows),), generator=generator)
        return torch.from_numpy(self.views[view.numpy(), rows.cpu().numpy()])

    def weight_for(self, classes: list[int], labels: NDArray[np.int64]) -> Tensor:
        """The old classifier's weights for the new classes (BCT, Shen et al., CVPR 2020).

        A class that the old classifier knows keeps its row. Any other gets the mean of the old
        encoder's embeddings of that class.

        Args:
            classes: labels of the new encoder's classes, in its order.
            labels: (N,) of the training set.

        Returns:
            (len(classes), D) weights of unit length.

        Raises:
            InputError: a class has neither row nor example.
        """
        known = {label: row for row, label in enumerate(self.classifier.classes)}
        weight = torch.from_numpy(self.classifier.weight)
        rows = []
        for label in classes:
            if label in known:
                rows.append(F.normalize(weight[known[label]], dim=0))
                continue
            members = self.views[0, np.flatnonzero(labels == label)]
            if not len(members):
                raise InputError(f"class {label}: no training image, and no row in the classifier")
            rows.append(F.normalize(torch.from_numpy(members).mean(0), dim=0))
        return torch.stack(rows)
