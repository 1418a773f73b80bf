"""Learning without Forgetting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backfill.encoders.objectives.base import OBJECTIVES, Batch, Setting
from backfill.encoders.objectives.classification import Classification
from backfill.losses.distillation import distillation

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("lwf")
class WithoutForgetting(Classification):
    """Cross-entropy + weight * distillation of the old classifier (Li & Hoiem, TPAMI 2018).

    A second head of the new encoder answers for the old classes. It is the old classifier, which
    stays fixed in RACT's comparison (OpenCompatible, loss type `lwf`). In LwF itself it starts as
    the old classifier and is trained along, from the old network's weights: `starts_from`.

    Args:
        row: the weight and the temperature.
        setting: see :class:`Setting`.
    """

    def __init__(self, row: rows.Lwf, setting: Setting) -> None:
        super().__init__(setting)
        self.row = row
        self.teacher = setting.teacher(row.teacher)
        old = self.teacher.classifier
        self.head = nn.Parameter(
            torch.from_numpy(old.weight).clone(), requires_grad=row.head == "trained"
        )
        self.scale = old.scale

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`."""
        own = super().forward(encoder, embeddings, batch, generator)
        stored = self.teacher.embeddings(batch.rows, generator).numpy()
        old = torch.from_numpy(self.teacher.classifier.scores(stored)).to(embeddings.device)
        as_old = self.scale * F.normalize(embeddings) @ F.normalize(self.head).T
        term = distillation(as_old, old, temperature=self.row.temperature)
        return own + self.row.loss_weight * term
