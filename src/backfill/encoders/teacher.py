"""The fixed old classifier that backward-compatible training passes new embeddings through."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.encoders.model import Encoder
from backfill.errors import InputError


def old_classifier(old: Encoder, classes: list[int], embeddings: Tensor, labels: Tensor) -> Tensor:
    """Weights of the old classifier, extended to the new classes (BCT, Shen et al., CVPR 2020).

    A class that the old classifier knows keeps its row. Any other gets the mean of the old
    encoder's unit-length embeddings of that class.

    Args:
        old: the encoder in service.
        classes: labels of the new encoder's classes, in its order.
        embeddings: (N, D) embeddings of the training set by `old`.
        labels: (N,) their labels.

    Returns:
        (len(classes), D) weights of unit length.

    Raises:
        InputError: `old` has no classifier, or a class has neither row nor example.
    """
    if old.classifier is None:
        raise InputError("the old encoder has no classifier, which loss 'bct' needs")
    known = {label: row for row, label in enumerate(old.classes)}
    unit = F.normalize(embeddings)
    rows = []
    for label in classes:
        if label in known:
            rows.append(old.classifier.weight[known[label]].detach())
        else:
            members = unit[labels == label]
            if not len(members):
                raise InputError(f"class {label}: no training image, and no row in the classifier")
            rows.append(members.mean(0))
    return F.normalize(torch.stack(rows))
