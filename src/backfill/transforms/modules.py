"""The networks of transforms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from backfill.params.rows.transforms import TransformRow
    from backfill.params.settings import TransformTraining

Embeddings = Mapping[str, Tensor]


class Mlp(nn.Sequential):
    """Blocks of Linear, BatchNorm and ReLU; the last block is Linear alone (Seo et al., 2023).

    It reads all its inputs, such as an embedding and its side information, side by side.

    Args:
        inputs: size of each input.
        output: size of the result.
        depth: number of Linear layers, at least 1.
        width: size of each hidden layer.
    """

    def __init__(self, inputs: Sequence[int], output: int, depth: int, width: int) -> None:
        sizes = [sum(inputs), *[width] * (depth - 1), output]
        layers: list[nn.Module] = []
        for size, following in pairwise(sizes[:-1]):
            layers += [nn.Linear(size, following), nn.BatchNorm1d(following), nn.ReLU()]
        super().__init__(*layers, nn.Linear(sizes[-2], sizes[-1]))


class Transforms(nn.Module):
    """The modules of one row, each reading stored embeddings or modules before it.

    A row with `uncertainty` also has a network that predicts the log-variance of that module's
    error, from what the module reads (FastFill).

    Args:
        row: a row of `transforms`.
        training: depth and width of the modules.
        dims: size of each stored embedding that the row reads.
    """

    def __init__(
        self, row: TransformRow, training: TransformTraining, dims: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.reads = dict(row.modules)
        self.uncertainty = row.uncertainty
        sizes = dict(dims)
        self.mlps = nn.ModuleDict()
        for name, inputs in row.modules.items():
            sizes[name] = _output_size(name, row, dims)
            self.mlps[name] = Mlp(
                [sizes[i] for i in inputs], sizes[name], training.depth, training.width
            )
        self.predictor = (
            Mlp([sizes[i] for i in row.modules[row.uncertainty]], 1, 2, training.width)
            if row.uncertainty
            else None
        )

    def forward(self, stored: Embeddings) -> dict[str, Tensor]:
        """Map (B, D) unit-length embeddings by name to themselves and to every module's output."""
        known = dict(stored)
        for name, mlp in self.mlps.items():
            inputs = self._inputs(name, known)
            known[name] = F.normalize(mlp(inputs).to(inputs.dtype))
        return known

    def log_variance(self, known: Embeddings) -> Tensor | None:
        """Predict the log-variance of the uncertain module's error.

        Args:
            known: what :meth:`forward` returned.

        Returns:
            (B,), or None for a row without `uncertainty`.
        """
        if self.uncertainty is None or self.predictor is None:
            return None
        # Detached: the prediction follows the modules and must not change what they make.
        predicted: Tensor = self.predictor(self._inputs(self.uncertainty, known).detach())
        return predicted.squeeze(1)

    def _inputs(self, module: str, known: Embeddings) -> Tensor:
        return torch.cat([known[name] for name in self.reads[module]], dim=1)


def _output_size(module: str, row: TransformRow, dims: Mapping[str, int]) -> int:
    """Size of the stored embedding that a module is compared with, or else the row's `dim`."""
    for system in row.systems.values():
        if module in (system.query, system.gallery):
            other = system.gallery if module == system.query else system.query
            if other in dims:
                return dims[other]
    return row.dim or dims[row.new]
