"""The teacher of a compatible encoder: the old encoder's stored embeddings and classifier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.arrays import Float32s, Int64s
from backfill.artifacts import VIEWS, load_array
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError


@dataclass(frozen=True)
class Teacher:
    """What a compatible encoder learns from.

    Attributes:
        views: (V, N, D) unit-length old embeddings of the training set in V augmented views.
        classifier: of the old encoder; it stays fixed.
    """

    views: Float32s
    classifier: StoredClassifier

    @classmethod
    def load(cls, views: Path, folder: Path) -> Teacher:
        """Read what is stored of an encoder.

        Args:
            views: file of its embeddings of the training set.
            folder: of its other embeddings, which holds its classifier.

        Raises:
            InputError: a file is missing or damaged, or the encoder has no classifier.
        """
        return cls(load_array(views, VIEWS, memory_map=True), StoredClassifier.load(folder))

    def embeddings(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Look up old embeddings, in a random view of each item.

        Args:
            rows: (B,) positions in the training set.
            generator: draws the views.

        Returns:
            (B, D) of unit length, on the CPU.
        """
        view = torch.randint(len(self.views), (len(rows),), generator=generator)
        return torch.from_numpy(self.views[view.numpy(), rows.cpu().numpy()])

    def weight_for(self, classes: list[int], labels: Int64s, items: Int64s) -> Tensor:
        """Extend the old classifier to the new classes (BCT, Shen et al., CVPR 2020).

        A class that the old classifier knows keeps its row. Any other class gets the mean of the
        old embeddings of its items that the new encoder trains on.

        Args:
            classes: labels of the new encoder's classes, in its order.
            labels: (N,) classes of the training set.
            items: positions of those that the new encoder trains on.

        Returns:
            (C, D) weights of unit length, one row per class.

        Raises:
            InputError: a class has neither a row nor an item.
        """
        known = {label: row for row, label in enumerate(self.classifier.classes)}
        weight = torch.from_numpy(self.classifier.weight)
        rows = []
        for label in classes:
            if label in known:
                rows.append(F.normalize(weight[known[label]], dim=0))
                continue
            members = self.views[0, items[labels[items] == label]]
            if not len(members):
                raise InputError(
                    f"class {label}: expected a training image or an old row, got none"
                )
            rows.append(F.normalize(torch.from_numpy(members).mean(0), dim=0))
        return torch.stack(rows)
