"""What an encoder is trained for: views of a batch in, a loss out.

An objective may hold fixed tensors of another encoder (the *teacher*). A new one is a class here,
a name in `params.Encoder.loss`, and a branch in :func:`build`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backfill.encoders.augment import distort, shift_and_flip
from backfill.losses.nt_xent import nt_xent

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.params import Augment


class Classification(nn.Module):
    """Cross-entropy of the encoder's own classifier."""

    def __init__(self, augment: Augment) -> None:
        super().__init__()
        self.augment = augment

    def views(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The (B * V, C, H, W) images to embed for a batch of (B, C, H, W): here one view each."""
        return shift_and_flip(images, generator, self.augment.crop_padding, self.augment.flip)

    def forward(self, encoder: Encoder, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of (B * V, D) embeddings whose images have the (B,) classifier rows."""
        assert encoder.classifier is not None
        return F.cross_entropy(encoder.classifier(embeddings), targets)


class BackwardCompatible(Classification):
    """BCT (Shen et al., CVPR 2020): own cross-entropy + weight * the old classifier's.

    The old classifier is fixed. `old_weight` has a row for each of the *new* classes; those that
    the old classifier lacks are synthesised (see :func:`backfill.encoders.teacher.old_classifier`).
    """

    old_weight: Tensor

    def __init__(self, augment: Augment, old_weight: Tensor, scale: float, weight: float) -> None:
        super().__init__(augment)
        self.register_buffer("old_weight", F.normalize(old_weight))
        self.scale = scale
        self.weight = weight

    def forward(self, encoder: Encoder, embeddings: Tensor, targets: Tensor) -> Tensor:
        """See :meth:`Classification.forward`."""
        own = super().forward(encoder, embeddings, targets)
        old_scores = self.scale * F.normalize(embeddings) @ self.old_weight.T
        return own + self.weight * F.cross_entropy(old_scores, targets)


class SelfSupervised(nn.Module):
    """NT-Xent on two strongly changed views of each image (SimCLR, Chen et al., 2020).

    The loss sees embeddings through a small projection head, which is thrown away afterwards.
    """

    def __init__(self, augment: Augment, embedding_dim: int, temperature: float) -> None:
        super().__init__()
        self.flip = augment.flip
        self.temperature = temperature
        self.projection = nn.Sequential(
            nn.Linear(embedding_dim, embedding_dim),
            nn.ReLU(),
            nn.Linear(embedding_dim, embedding_dim),
        )

    def views(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """(2 B, C, H, W): a first and then a second view of each image."""
        return torch.cat([distort(images, generator, self.flip) for _ in range(2)])

    def forward(self, encoder: Encoder, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of (2 B, D) embeddings; the classes are not looked at."""
        first, second = self.projection(embeddings).chunk(2)
        return nt_xent(first, second, self.temperature)


Objective = Classification | SelfSupervised
