"""Backward-compatible training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from backfill.encoders.objectives.base import OBJECTIVES, Batch, Setting
from backfill.encoders.objectives.classification import Classification

if TYPE_CHECKING:
    import torch

    from backfill.encoders.model import Encoder
    from backfill.encoders.teacher import Teacher
    from backfill.params.rows import encoders as rows


class BackwardCompatible(Classification):
    """Cross-entropy + weight * the cross-entropy of the old classifier (BCT, CVPR 2020).

    The old classifier is fixed. :meth:`backfill.encoders.teacher.Teacher.weight_for` extends it to
    classes that it lacks.

    Args:
        setting: see :class:`Setting`.
        teacher: the old encoder.
        weight: of the old classifier's cross-entropy.
    """

    old_weight: Tensor

    def __init__(self, setting: Setting, teacher: Teacher, weight: float) -> None:
        super().__init__(setting)
        old_weight = teacher.weight_for(setting.classes, setting.labels, setting.rows)
        self.register_buffer("old_weight", F.normalize(old_weight))
        self.scale = teacher.classifier.scale
        self.weight = weight

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`."""
        own = super().forward(encoder, embeddings, batch, generator)
        return own + self.weight * self.cross_entropy(self.old_scores(embeddings), batch)

    def old_scores(self, embeddings: Tensor) -> Tensor:
        """(B, C) scores of (B, D) new embeddings by the old classifier, for the new classes."""
        return self.scale * F.normalize(embeddings) @ self.old_weight.T


@OBJECTIVES.register("bct")
def _build(row: rows.Bct, setting: Setting) -> BackwardCompatible:
    return BackwardCompatible(setting, setting.teacher(row.teacher), row.bct_weight)
