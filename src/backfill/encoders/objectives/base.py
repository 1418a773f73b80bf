"""What all objectives share, and their registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor, nn

from backfill.registry import Registry

if TYPE_CHECKING:
    import torch

    from backfill.arrays import Int64s
    from backfill.encoders.model import Encoder
    from backfill.encoders.teacher import Teacher
    from backfill.params.settings import Augment


class Batch(NamedTuple):
    """B training images and what is known of them.

    Attributes:
        images: (B, C, H, W) uint8, on the device.
        targets: (B,) rows of the encoder's classifier, on the device.
        rows: (B,) positions in the training set, on the CPU.
    """

    images: Tensor
    targets: Tensor
    rows: Tensor


class Objective(nn.Module, ABC):
    """What an encoder is trained for. It may have parameters of its own, trained along."""

    @abstractmethod
    def views(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Make the images to embed.

        Args:
            images: (B, C, H, W) uint8 images of a batch.
            generator: draws the changes.

        Returns:
            (V * B, C, H, W) uint8, V views of each image; all first views come first.
        """

    @abstractmethod
    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """Compute the loss.

        Args:
            encoder: in training.
            embeddings: (V * B, D) by the encoder of the batch's views, of any length.
            batch: the images.
            generator: draws whatever the loss draws.

        Returns:
            Scalar, the mean over the batch.
        """


class Setting(NamedTuple):
    """What objectives are built from, besides their row.

    Attributes:
        augment: of the training images.
        embedding_dim: of the encoder to train.
        classes: labels of the encoder's classes, in its order.
        labels: (N,) classes of the training set.
        rows: positions of the items that the encoder trains on.
        teacher: reads the old encoder of a name.
        label_smoothing: of cross-entropy.
    """

    augment: Augment
    embedding_dim: int
    classes: list[int]
    labels: Int64s
    rows: Int64s
    teacher: Callable[[str], Teacher]
    label_smoothing: float = 0.0


OBJECTIVES: Registry[Callable[[Any, Setting], Objective]] = Registry("backfill.encoders.objectives")
