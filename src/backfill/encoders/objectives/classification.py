"""Cross-entropy, alone and under other objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from backfill.encoders.augment import shift_and_flip
from backfill.encoders.objectives.base import OBJECTIVES, Batch, Objective, Setting
from backfill.errors import InputError

if TYPE_CHECKING:
    import torch

    from backfill.encoders.model import Encoder
    from backfill.params.rows import encoders as rows


class Classification(Objective):
    """Cross-entropy of the encoder's own classifier (RACT, eq. 7), on one view of each image.

    Args:
        setting: see :class:`Setting`.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.augment = setting.augment
        self.label_smoothing = setting.label_smoothing

    def views(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Shift and flip each image; see :meth:`Objective.views`."""
        return shift_and_flip(images, generator, self.augment.crop_padding, self.augment.by_chance)

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`."""
        return self.cross_entropy(self.scores(encoder, embeddings), batch)

    def cross_entropy(self, scores: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy of (B, C) scores, with smoothed labels if the training has them."""
        return F.cross_entropy(scores, batch.targets, label_smoothing=self.label_smoothing)

    def scores(self, encoder: Encoder, embeddings: Tensor) -> Tensor:
        """Class scores of (B, D) embeddings by the encoder's own classifier."""
        if encoder.classifier is None:
            raise InputError("classes: expected those of the training set, got none")
        scores: Tensor = encoder.classifier(embeddings)
        return scores


@OBJECTIVES.register("classification")
def _build(row: rows.Classification, setting: Setting) -> Classification:
    return Classification(setting)
