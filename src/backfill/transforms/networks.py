"""What a module of a transform is built as, by the name that settings give as `form`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from backfill import validate
from backfill.align import AffineMap, KernelMap
from backfill.errors import InputError
from backfill.transforms.projections import Projections

if TYPE_CHECKING:
    from backfill.params.settings import TransformTraining


_WIDEST = 1_000_000


class Mlp(nn.Sequential):
    """Blocks of Linear, BatchNorm and ReLU; the last block is Linear alone (Seo et al., 2023).

    It reads all its inputs, such as an embedding and its side information, side by side.

    Args:
        inputs: size of each input.
        output: size of the result.
        depth: number of Linear layers, at least 1.
        width: size of each hidden layer.

    Raises:
        InputError: a size is no integer of at least 1.
    """

    def __init__(self, inputs: Sequence[int], output: int, depth: int, width: int) -> None:
        for size in validate.sequence("inputs", inputs):
            validate.count("inputs", size, most=_WIDEST)
        for name, size in (("output", output), ("depth", depth), ("width", width)):
            validate.count(name, size, most=_WIDEST)
        if not len(inputs):
            raise InputError("inputs: expected one or more sizes, got none")
        sizes = [sum(inputs), *[width] * (depth - 1), output]
        layers: list[nn.Module] = []
        for size, following in pairwise(sizes[:-1]):
            layers += [nn.Linear(size, following), nn.BatchNorm1d(following), nn.ReLU()]
        super().__init__(*layers, nn.Linear(sizes[-2], sizes[-1]))


class Landmarks(nn.Module):
    """What a map of :mod:`backfill.align.kernel` adds to its linear part.

    Args:
        start: the map.
    """

    landmarks: Tensor
    coefficients: Tensor
    width: Tensor

    def __init__(self, start: KernelMap) -> None:
        super().__init__()
        self.register_buffer("landmarks", torch.from_numpy(start.landmarks))
        self.register_buffer("coefficients", torch.from_numpy(start.coefficients))
        self.register_buffer("width", torch.tensor(start.width))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, D) inputs of unit length to (B, D')."""
        near = ((inputs @ self.landmarks.T - 1) / self.width**2).exp()
        return near @ self.coefficients


class Closed(nn.Module):
    """A map of :mod:`backfill.align`, which no training changes. Until it has one, it makes zeros.

    Args:
        inputs: size of each input; it reads them side by side.
        output: size of the result.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, inputs: Sequence[int], output: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(sum(inputs), output))
        self.register_buffer("bias", torch.zeros(output))
        self.bend: Landmarks | None = None

    def begin_as(self, start: AffineMap | KernelMap) -> None:
        """Take over a map of the same sizes."""
        self.weight.copy_(torch.from_numpy(start.weight))
        self.bias.copy_(torch.from_numpy(start.bias))
        if isinstance(start, KernelMap):
            self.bend = Landmarks(start).to(self.bias.device)

    def closed(self, inputs: Tensor) -> Tensor:
        """Map (B, D) inputs to (B, D') by the closed form."""
        linear = torch.addmm(self.bias, inputs, self.weight)
        return linear if self.bend is None else linear + self.bend(inputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, D) inputs to (B, D')."""
        return self.closed(inputs)


class Residual(Closed):
    """A closed form plus a learned network whose last layer starts at zero.

    Before the first step it is the closed form.

    Args:
        inputs: size of each input; it reads them side by side.
        output: size of the result.
        depth: number of Linear layers of the learned network, at least 1.
        width: size of each of its hidden layers.
    """

    def __init__(self, inputs: Sequence[int], output: int, depth: int, width: int) -> None:
        super().__init__(inputs, output)
        self.learned = Mlp(inputs, output, depth, width)
        last = self.learned[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, D) inputs to (B, D')."""
        learned: Tensor = self.learned(inputs)
        return self.closed(inputs) + learned


Build = Callable[["TransformTraining", Sequence[int], int], nn.Module]

# From settings, the sizes of the inputs and the size of the result to a module.
FORMS: dict[str, Build] = {
    "closed": lambda training, inputs, output: Closed(inputs, output),
    "residual": lambda training, inputs, output: Residual(
        inputs, output, training.depth, training.width
    ),
    "projections": lambda training, inputs, output: Projections(inputs, output, training.width),
    "layers": lambda training, inputs, output: Mlp(inputs, output, training.depth, training.width),
}
