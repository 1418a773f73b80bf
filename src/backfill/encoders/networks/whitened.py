"""A plain convolutional network behind a fixed whitening layer, made for short training.

Facts from Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU" (2024): the first layer's
filters are the principal axes of small patches, each divided by the deviation along it, so that
what the first trained layer sees is uncorrelated; resolution falls early and channels are many, as
wide 3x3 convolutions use a processor best.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backfill.encoders.networks import NETWORKS
from backfill.errors import InputError

# Variance that is added to each axis of the patches, in units of the normalised pixels' variance.
FLOOR = 5e-4


class Whitening(nn.Module):
    """Uncorrelated coordinates of each patch, and their negatives; not trained.

    Args:
        channels: of the images.
        patch: side of a patch, in pixels.
    """

    weight: Tensor

    def __init__(self, channels: int, patch: int) -> None:
        super().__init__()
        size = channels * patch**2
        axes = torch.eye(size).view(size, channels, patch, patch)
        self.register_buffer("weight", torch.cat([axes, -axes]))
        self.bias = nn.Parameter(torch.zeros(2 * size))

    @torch.no_grad()
    def measure(self, images: Tensor) -> None:
        """Take the axes and their variances from (N, C, H, W) normalised images."""
        size, patch = self.weight[0].numel(), self.weight.shape[-1]
        total, outer, count = torch.zeros(size), torch.zeros(size, size), 0
        for start in range(0, len(images), 500):
            patches = F.unfold(images[start : start + 500], patch).transpose(1, 2).reshape(-1, size)
            total += patches.sum(0)
            outer += patches.T @ patches
            count += len(patches)
        mean = total / count
        variances, axes = torch.linalg.eigh(outer / count - mean.outer(mean))
        filters = (axes / (variances.clamp_min(0) + FLOOR).sqrt()).T.reshape(
            -1, *self.weight.shape[1:]
        )
        self.weight.copy_(torch.cat([filters, -filters]))

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, 2 * C * patch**2, H - patch + 1, W - patch + 1)."""
        return F.conv2d(images, self.weight, self.bias)


class Stage(nn.Module):
    """3x3 convolutions, normalised and with GELU; the first one is followed by a pooling.

    Args:
        inputs: channels that come in.
        outputs: channels of every convolution.
        count: number of convolutions.
    """

    def __init__(self, inputs: int, outputs: int, count: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(outputs if layer else inputs, outputs, 3, padding=1, bias=False)
            for layer in range(count)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H // 2, W // 2)."""
        for layer, (convolution, norm) in enumerate(
            zip(self.convolutions, self.norms, strict=True)
        ):
            x = convolution(x)
            if layer == 0:
                x = F.max_pool2d(x, 2)
            x = F.gelu(norm(x))
        return x


@NETWORKS.register("whitened")
class Whitened(nn.Module):
    """A whitening layer, stages that halve the resolution, and an embedding layer.

    The first stage has `width` channels, the others four times as many.

    Args:
        channels: of the images.
        blocks: convolutions in each stage.
        width: channels of the first stage.
        embedding_dim: D, the size of the embedding.
        patch: side of the whitened patches, in pixels.
    """

    def __init__(
        self, channels: int, blocks: Sequence[int], width: int, embedding_dim: int, patch: int = 2
    ) -> None:
        super().__init__()
        self.whitening = Whitening(channels, patch)
        stages: list[nn.Module] = []
        inputs = 2 * channels * patch**2
        for stage, count in enumerate(blocks):
            outputs = 4 * width if stage else width
            stages.append(Stage(inputs, outputs, count))
            inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.embedding = nn.Linear(inputs, embedding_dim)
        self.smallest = 2 ** len(blocks) + patch - 1

    def measure(self, images: Tensor) -> None:
        """Prepare the whitening layer for (N, C, H, W) normalised training images."""
        self._require_size(images)
        self.whitening.measure(images)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) normalised images to (B, D) embeddings of any length.

        Raises:
            InputError: the images are too small for so many stages.
        """
        self._require_size(images)
        features = self.stages(F.gelu(self.whitening(images)))
        return self.embedding(features.amax((2, 3)))  # type: ignore[no-any-return]

    def _require_size(self, images: Tensor) -> None:
        height, width = images.shape[2:]
        if min(height, width) < self.smallest:
            raise InputError(
                f"network.blocks: expected images of at least {self.smallest} pixels a side for "
                f"so many stages, got {height} x {width}"
            )
