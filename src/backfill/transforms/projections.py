"""FCT's network as its authors released it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class Projections(nn.Module):
    """A projection of each input, and a mixer of all of them (FCT's public configuration).

    Each input, such as an old embedding and its side information, goes through two layers of its
    own, which double its size and then come to twice the size of the result. The mixer reads the
    projections side by side, in two layers of `width` and a linear one. Every layer but the last
    has batch normalisation and ReLU. A module with one input projects it twice, as the released
    code does without side information.

    Source: Ramanujan et al., *Forward Compatible Training for Large-Scale Embedding Retrieval
    Systems*, CVPR 2022; `MLP_BN_SIDE_PROJECTION` of apple/ml-fct, with a width of 2,048.

    Args:
        inputs: size of each input; it reads them side by side.
        output: size of the result.
        width: of the mixer's hidden layers.
    """

    def __init__(self, inputs: Sequence[int], output: int, width: int) -> None:
        super().__init__()
        self.sizes = list(inputs)
        self.copies = 2 if len(inputs) == 1 else 1
        self.projections = nn.ModuleList(
            _layers([size, 2 * size, 2 * output]) for size in self.sizes * self.copies
        )
        mixed = 2 * output * len(self.projections)
        self.mixer = nn.Sequential(*_layers([mixed, width, width]), nn.Linear(width, output))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, D) inputs to (B, D')."""
        parts = torch.split(inputs, self.sizes, dim=1) * self.copies
        projected = [project(x) for project, x in zip(self.projections, parts, strict=True)]
        mixed: Tensor = self.mixer(torch.cat(projected, dim=1))
        return mixed


def _layers(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size, following in pairwise(sizes):
        layers += [nn.Linear(size, following, bias=False), nn.BatchNorm1d(following), nn.ReLU()]
    return nn.Sequential(*layers)
