"""Distillation that counts more where the old model was right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.encoders.objectives.base import OBJECTIVES, Batch, Setting
from backfill.encoders.objectives.classification import Classification
from backfill.errors import InputError
from backfill.losses.distillation import focal_distillation

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("focal_distillation")
class FocalDistilled(Classification):
    """Cross-entropy + weight * focal distillation of the scores of the classes both models know.

    Args:
        row: the weights and the temperature.
        setting: see :class:`Setting`.

    Raises:
        InputError: no class is known to both.
    """

    def __init__(self, row: rows.FocalDistillation, setting: Setting) -> None:
        super().__init__(setting.augment)
        self.row = row
        self.teacher = setting.teacher(row.teacher)
        self.classes = setting.classes
        old_column = {label: column for column, label in enumerate(self.teacher.classifier.classes)}
        shared = {
            c: old_column[label] for c, label in enumerate(self.classes) if label in old_column
        }
        if not shared:
            raise InputError(
                "loss: expected classes that both encoders know for focal_distillation, "
                "got none; lwf does without"
            )
        self.new_columns, self.old_columns = list(shared), list(shared.values())

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`."""
        scores = self.scores(encoder, embeddings)
        own = F.cross_entropy(scores, batch.targets)
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
