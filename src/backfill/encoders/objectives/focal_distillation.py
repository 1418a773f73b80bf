"""Distillation that counts more where a model is right, in its two readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from backfill.encoders.objectives.base import OBJECTIVES, Batch, Setting
from backfill.encoders.objectives.classification import Classification
from backfill.errors import InputError
from backfill.losses.distillation import focal_distillation, focal_feature_distillation

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.params.rows import encoders as rows


class FocalScores(Classification):
    """Cross-entropy + weight * focal distillation of the scores of the classes both models know.

    It counts more where the old model is right (Yan et al., CVPR 2021).

    Args:
        row: the weights and the temperature.
        setting: see :class:`Setting`.

    Raises:
        InputError: no class is known to both.
    """

    def __init__(self, row: rows.FocalDistillation, setting: Setting) -> None:
        super().__init__(setting)
        self.row = row
        self.teacher = setting.teacher(row.teacher)
        self.classes = setting.classes
        old_column = {label: column for column, label in enumerate(self.teacher.classifier.classes)}
        shared = {
            c: old_column[label] for c, label in enumerate(self.classes) if label in old_column
        }
        if not shared:
            raise InputError(
                "loss: expected classes that both encoders know for focal_distillation of scores, "
                "got none; `reading: features` and lwf do without"
            )
        self.new_columns, self.old_columns = list(shared), list(shared.values())

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`."""
        scores = self.scores(encoder, embeddings)
        own = self.cross_entropy(scores, batch)
        stored = self.teacher.embeddings(batch.rows, generator).numpy()
        old = torch.from_numpy(self.teacher.classifier.scores(stored)).to(scores.device)
        answer = torch.tensor(self.teacher.classifier.classes)[old.argmax(1).cpu()]
        right = answer == torch.tensor(self.classes)[batch.targets.cpu()]
        term = focal_distillation(
            scores[:, self.new_columns],
            old[:, self.old_columns],
            right.to(scores.device),
            temperature=self.row.temperature,
            base=1.0,
            focus=self.row.focus,
        )
        return own + self.row.loss_weight * term


class FocalFeatures(Classification):
    """Cross-entropy + weight * the distance of new and old embeddings (as RACT's authors run it).

    It counts more where the new model is right, and no class has to be known to both models.

    Args:
        row: the weights.
        setting: see :class:`Setting`.
    """

    def __init__(self, row: rows.FocalDistillation, setting: Setting) -> None:
        super().__init__(setting)
        self.row = row
        self.teacher = setting.teacher(row.teacher)

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`."""
        scores = self.scores(encoder, embeddings)
        own = self.cross_entropy(scores, batch)
        old = self.teacher.embeddings(batch.rows, generator).to(embeddings.device)
        right = scores.argmax(1) == batch.targets
        term = focal_feature_distillation(embeddings, old, right, base=1.0, focus=self.row.focus)
        return own + self.row.loss_weight * term


READINGS = {"scores": FocalScores, "features": FocalFeatures}


@OBJECTIVES.register("focal_distillation")
def _build(row: rows.FocalDistillation, setting: Setting) -> Classification:
    return READINGS[row.reading](row, setting)
