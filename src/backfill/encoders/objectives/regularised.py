"""An objective plus a loss that keeps new embeddings comparable with old ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from backfill.encoders.objectives.base import Batch, Objective, Setting

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.encoders.teacher import Teacher
    from backfill.params.rows import encoders as rows

# Maps new, old and positive embeddings (B, D) and classes (B,) to a scalar.
Term = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


class Regularised(Objective):
    """A base objective + lambda * a loss of :mod:`backfill.losses.compatible` (RACT, eq. 8).

    Args:
        base: cross-entropy, or BCT's objective.
        row: the weight of the loss, and the choice of positives.
        teacher: gives the old embeddings.
        setting: the items that are trained on, from which positives are drawn.
        term: the compatible loss.
    """

    def __init__(
        self,
        base: Objective,
        row: rows.Regularised,
        teacher: Teacher,
        setting: Setting,
        term: Term,
    ) -> None:
        super().__init__()
        self.base = base
        self.row = row
        self.teacher = teacher
        self.term = term
        # Items by class, so that a positive is drawn as a position within its class.
        labels, rows = setting.labels, setting.rows
        self.by_class = torch.from_numpy(rows[np.argsort(labels[rows], kind="stable")])
        self.labels = torch.from_numpy(labels)
        self.counts = torch.bincount(self.labels[rows], minlength=int(labels.max()) + 1)
        self.starts = self.counts.cumsum(0) - self.counts

    def views(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Make the views of the base objective; see :meth:`Objective.views`."""
        return self.base.views(images, generator)

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`."""
        own: Tensor = self.base(encoder, embeddings, batch, generator)
        old = self.teacher.embeddings(batch.rows, generator).to(embeddings.device)
        positive = old
        if self.row.positives == "class":
            drawn = self._draw_positives(batch.rows, generator)
            positive = self.teacher.embeddings(drawn, generator).to(embeddings.device)
        return own + self.row.loss_weight * self.term(embeddings, old, positive, batch.targets)

    def _draw_positives(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """(B,) random items of the classes of `rows`, of those that are trained on.

        Possibly the items themselves.
        """
        label = self.labels[rows]
        fraction = torch.rand(len(rows), generator=generator)
        position = (fraction * self.counts[label]).long()
        return self.by_class[self.starts[label] + position]
