"""The modules of a transform, and what each of them reads and is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backfill.align import CLOSED_FORMS, AffineMap, KernelMap, fit, identity
from backfill.arrays import Array
from backfill.transforms.mixing import MIXES
from backfill.transforms.networks import FORMS, Closed, Mlp

if TYPE_CHECKING:
    from backfill.params.rows.transforms import TransformRow
    from backfill.params.settings import TransformTraining

Embeddings = Mapping[str, Tensor]


class Transforms(nn.Module):
    """The modules of one row, each reading stored embeddings or modules before it.

    A row with `uncertainty` also has a network that predicts the log-variance of that module's
    error, from what the module reads (FastFill).

    Args:
        row: a row of `transforms`.
        training: form, depth and width of the modules.
        dims: size of each stored embedding that the row reads.
    """

    dims: dict[str, int]

    def __init__(
        self, row: TransformRow, training: TransformTraining, dims: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.row = row
        self.dims = dict(dims)
        self.closed_form = training.closed_form
        sizes = dict(dims)
        self.networks = nn.ModuleDict()
        for name, inputs in row.modules.items():
            other = compared_with(name, row)
            sizes[name] = sizes[other] if other else row.dim or dims[row.new]
            self.networks[name] = FORMS[training.form](
                training, [sizes[i] for i in inputs], sizes[name]
            )
        self.predictor = (
            Mlp([sizes[i] for i in row.modules[row.uncertainty]], 1, 2, training.width)
            if row.uncertainty
            else None
        )

    def begin(self, views: Mapping[str, Array]) -> None:
        """Start every module that has a closed form at it.

        A module is fitted from what it reads to what it is compared with. One that reads another
        module, or is compared with one, meets that one's closed form. A module that is compared
        with nothing but itself, such as rho, starts by changing nothing; if it reads several
        embeddings, by making the new one of them.

        Args:
            views: (V, N, D) stored embeddings by each encoder that the row reads; all count.

        Raises:
            InputError: these are no embeddings of the same two items or more.
        """
        known = dict(views)
        for name, network in self.networks.items():
            if not isinstance(network, Closed):
                continue
            inputs = self.row.modules[name]
            source = np.concatenate([known[i] for i in inputs], axis=2)
            target = compared_with(name, self.row)
            if target is None and len(inputs) > 1 and self.row.dim is None:
                target = self.row.new
            if target is None:
                start: AffineMap | KernelMap = identity(
                    source, np.empty((0, network.bias.shape[0]), np.float32)
                )
            else:
                start = _fitted(self.closed_form, source, known[target])
            network.begin_as(start)
            if any(name in reads for reads in self.row.modules.values()) or _is_target(
                name, self.row
            ):
                known[name] = start.apply(source)

    def forward(self, stored: Embeddings) -> dict[str, Tensor]:
        """Map (B, D) unit-length embeddings by name to themselves, and every module's and mix's."""
        known = dict(stored)
        for name, network in self.networks.items():
            inputs = self._inputs(name, known)
            known[name] = F.normalize(network(inputs).to(inputs.dtype))
        for name, mix in self.row.mixes.items():
            first, second = (known[of] for of in mix.of)
            known[name] = MIXES[mix.kind](first, second, mix.weight)
        return known

    def strayed(self, stored: Embeddings) -> Tensor:
        """How far the modules have gone from their closed forms.

        Args:
            stored: (B, D) embeddings by name.

        Returns:
            Scalar: mean squared distance between what a module and what its closed form makes,
            of what the closed forms of the modules before it made; summed over the modules.
        """
        made, begun = self(stored), dict(stored)
        total = torch.zeros((), device=next(iter(stored.values())).device)
        for name, network in self.networks.items():
            if isinstance(network, Closed):
                begun[name] = F.normalize(network.closed(self._inputs(name, begun)))
                total = total + (made[name] - begun[name]).square().sum(1).mean()
            else:
                begun[name] = made[name]
        return total

    def log_variance(self, known: Embeddings) -> Tensor | None:
        """Predict the log-variance of the uncertain module's error.

        Args:
            known: what :meth:`forward` returned.

        Returns:
            (B,), or None for a row without `uncertainty`.
        """
        if self.row.uncertainty is None or self.predictor is None:
            return None
        # Detached: the prediction follows the modules and must not change what they make.
        predicted: Tensor = self.predictor(self._inputs(self.row.uncertainty, known).detach())
        return predicted.squeeze(1)

    def _inputs(self, module: str, known: Embeddings) -> Tensor:
        return torch.cat([known[name] for name in self.row.modules[module]], dim=1)


def _fitted(name: str, source: Array, target: Array) -> AffineMap | KernelMap:
    """A closed form knows views; to any other method of :mod:`backfill.align` each is an item."""
    if name in CLOSED_FORMS:
        return CLOSED_FORMS[name](source, target)
    items, goals = (rows.reshape(-1, rows.shape[-1]) for rows in (source, target))
    made = fit(items, goals, name)
    assert isinstance(made, AffineMap | KernelMap)
    return made


def compared_with(module: str, row: TransformRow) -> str | None:
    """The embeddings that a module is to resemble: stored ones, or else a module's before it.

    Args:
        module: of the row.
        row: whose systems compare modules with embeddings.

    Returns:
        The name of an encoder or of a module before it; None if no system compares it with one.
    """
    others = [
        system.gallery if module == system.query else system.query
        for system in row.systems.values()
        if module in (system.query, system.gallery)
    ]
    earlier = list(row.modules)[: list(row.modules).index(module)]
    for known in (row.inputs, earlier):
        for other in others:
            if other in known:
                return other
    return None


def _is_target(module: str, row: TransformRow) -> bool:
    return any(compared_with(other, row) == module for other in row.modules)
