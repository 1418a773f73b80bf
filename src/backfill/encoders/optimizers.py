"""The optimizers of encoders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.params.settings import Train


def build(settings: Train, encoder: Encoder, objective: nn.Module) -> Optimizer:
    """Make the optimizer that `settings` name.

    Args:
        settings: name, learning rate, momentum and weight decay.
        encoder: to train, already placed: Muon sees filters as they lie in memory.
        objective: whose own parameters are trained along.
    """
    return OPTIMIZERS[settings.optimizer](settings, encoder, objective)


def _trained(*modules: nn.Module) -> list[nn.Parameter]:
    return [p for module in modules for p in module.parameters() if p.requires_grad]


def _groups(parameters: Sequence[nn.Parameter], weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay on norms and biases costs accuracy."""
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _adam(settings: Train, encoder: Encoder, objective: nn.Module) -> Optimizer:
    groups = _groups(_trained(encoder, objective), settings.weight_decay)
    return Adam(groups, lr=settings.learning_rate)


def _sgd(settings: Train, encoder: Encoder, objective: nn.Module) -> Optimizer:
    groups = _groups(_trained(encoder, objective), settings.weight_decay)
    momentum = settings.momentum
    return SGD(groups, settings.learning_rate, momentum, nesterov=momentum > 0)


def _muon(settings: Train, encoder: Encoder, objective: nn.Module) -> Optimizer:
    network = _trained(encoder.network)
    matrices = [p for p in network if p.ndim > 1]
    chosen = {id(p) for p in matrices}
    others = [p for p in _trained(encoder, objective) if id(p) not in chosen]
    momentum = settings.momentum
    return Muon(
        matrices,
        torch.optim.Muon(
            [as_matrix(p.detach()) for p in matrices],
            settings.learning_rate,
            settings.weight_decay,
            momentum,
            nesterov=momentum > 0,
        ),
        SGD(others, settings.learning_rate, momentum, nesterov=momentum > 0),
    )


class Muon(Optimizer):
    """Muon (Jordan et al., 2024) for the network's matrices and filters, SGD for all else.

    Muon replaces a matrix's gradient by the nearest matrix whose singular values are about equal.
    A filter is a row of such a matrix. The classifier, norms and biases are no such matrices.

    Args:
        matrices: the parameters that Muon trains.
        muon: of a view of each as a matrix, in the same order.
        others: of the other parameters.
    """

    def __init__(
        self, matrices: Sequence[nn.Parameter], muon: torch.optim.Muon, others: SGD
    ) -> None:
        self.matrices = matrices
        self.views: list[Tensor] = muon.param_groups[0]["params"]
        for view, parameter in zip(self.views, matrices, strict=True):
            assert view.data_ptr() == parameter.data_ptr(), "a copy would be trained"
        self.parts: tuple[Optimizer, Optimizer] = (muon, others)
        # The same groups as in the parts, so that a scheduler of this optimizer reaches them.
        super().__init__([group for part in self.parts for group in part.param_groups], {})

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change all parameters that have a gradient."""
        for view, parameter in zip(self.views, self.matrices, strict=True):
            view.grad = None if parameter.grad is None else as_matrix(parameter.grad)
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        super().zero_grad(set_to_none)
        for parameter in self.matrices:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """The states of both parts."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what :meth:`state_dict` gave."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def as_matrix(values: Tensor) -> Tensor:
    """View (O, ...) as (O, n), in the order that lies in memory; filters are channels-last."""
    if values.ndim == 4:
        values = values.permute(0, 2, 3, 1)
    return values.reshape(len(values), -1)


OPTIMIZERS: dict[str, Callable[[Train, Encoder, nn.Module], Optimizer]] = {
    "adam": _adam,
    "muon": _muon,
    "sgd": _sgd,
}
