"""Residual networks (He et al., CVPR 2016), with the CIFAR stem by default."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backfill.encoders.networks import NETWORKS


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is projected if the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


@NETWORKS.register("resnet")
class ResNet(nn.Module):
    """A residual network of any depth and width with an embedding layer.

    Group g has `blocks[g]` blocks of `width * 2**g` channels. Every group but the first halves the
    resolution. `blocks=[2, 2, 2, 2], width=64` is ResNet-18 as published for CIFAR.

    Args:
        channels: of the images.
        blocks: residual blocks in each group.
        width: channels of the first group.
        embedding_dim: D, the size of the embedding.
        stem: `small` keeps the resolution and suits 32x32 images; `large` is ImageNet's, a 7x7
            convolution and a pooling that divide it by four.
    """

    def __init__(
        self,
        channels: int,
        blocks: Sequence[int],
        width: int,
        embedding_dim: int,
        stem: str = "small",
    ) -> None:
        super().__init__()
        large = stem == "large"
        first = nn.Conv2d(
            channels, width, 7 if large else 3, 2 if large else 1, 3 if large else 1, bias=False
        )
        pooling = [nn.MaxPool2d(3, 2, padding=1)] if large else []
        self.stem = nn.Sequential(first, nn.BatchNorm2d(width), nn.ReLU(), *pooling)
        groups: list[nn.Module] = []
        inputs = width
        for group, count in enumerate(blocks):
            outputs = width * 2**group
            for block in range(count):
                stride = 2 if group > 0 and block == 0 else 1
                groups.append(BasicBlock(inputs, outputs, stride))
                inputs = outputs
        self.groups = nn.Sequential(*groups)
        self.embedding = nn.Linear(inputs, embedding_dim)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) normalised images to (B, D) embeddings of any length."""
        features = self.groups(self.stem(images))
        return self.embedding(torch.mean(features, dim=(2, 3)))  # type: ignore[no-any-return]
