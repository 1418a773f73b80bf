"""Self-supervision after SimCLR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from backfill.encoders.augment import distort
from backfill.encoders.objectives.base import OBJECTIVES, Batch, Objective, Setting
from backfill.losses.nt_xent import nt_xent

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.params.rows import encoders as rows
    from backfill.params.settings import Augment


class SelfSupervised(Objective):
    """NT-Xent on two strongly changed views of each image (SimCLR, Chen et al., ICML 2020).

    The loss sees embeddings through a small projection head, which is not kept.

    Args:
        augment: says whether images are mirrored.
        embedding_dim: of the encoder.
        temperature: of the loss.
    """

    def __init__(self, augment: Augment, embedding_dim: int, temperature: float) -> None:
        super().__init__()
        self.flip = augment.by_chance
        self.temperature = temperature
        self.projection = nn.Sequential(
            nn.Linear(embedding_dim, embedding_dim),
            nn.ReLU(),
            nn.Linear(embedding_dim, embedding_dim),
        )

    def views(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Distort each image twice; see :meth:`Objective.views`."""
        return torch.cat([distort(images, generator, self.flip) for _ in range(2)])

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`; the classes of the batch are not used."""
        first, second = self.projection(embeddings).chunk(2)
        return nt_xent(first, second, self.temperature)


@OBJECTIVES.register("nt_xent")
def _build(row: rows.SelfSupervised, setting: Setting) -> SelfSupervised:
    return SelfSupervised(setting.augment, setting.embedding_dim, row.temperature)
