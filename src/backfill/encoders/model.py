"""An encoder: its network, pixel statistics and classifier, and the file that holds them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from pydantic import Field, ValidationError
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from backfill.artifacts import replacing
from backfill.encoders import networks
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.params.base import Section
from backfill.params.networks import Network
from backfill.reading.files import reason
from backfill.reading.tensors import read_tensors


class CosineClassifier(nn.Module):
    """Class scores as scaled cosines between an embedding and the weight of each class.

    Cross-entropy on cosines separates classes by angle, and retrieval ranks by angle.

    Args:
        embedding_dim: D.
        classes: number of classes.
        scale: factor on the cosines.
    """

    scale: Tensor

    def __init__(self, embedding_dim: int, classes: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, embedding_dim) / embedding_dim**0.5)
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Map (B, D) embeddings to (B, classes) scores."""
        return self.scale * F.normalize(embeddings) @ F.normalize(self.weight).T


class Encoder(nn.Module):
    """A network that embeds uint8 images, with the classifier that it is trained with.

    Args:
        network: settings of the network.
        channels: of the images.
        classes: labels of the classifier's rows, in order; empty for a self-supervised encoder,
            which has no classifier.
        scale: factor on the classifier's cosines.

    Raises:
        InputError: the package that the network needs is not installed.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: Network, channels: int, classes: list[int], scale: float) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "network": network.model_dump(),
            "channels": channels,
            "classes": classes,
            "scale": scale,
        }
        self.network = networks.build(network, channels)
        self.classifier = (
            CosineClassifier(network.embedding_dim, len(classes), scale) if classes else None
        )
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("std", torch.ones(1, channels, 1, 1))

    @property
    def classes(self) -> list[int]:
        """Labels of the classifier's rows."""
        classes: list[int] = self.settings["classes"]
        return classes

    def measure_pixels(self, images: Tensor) -> None:
        """Take each channel's mean and deviation from (N, C, H, W) uint8 training images.

        A network with layers that are computed from images computes them.
        """
        pixels = images.float() / 255
        self.mean.copy_(pixels.mean((0, 2, 3), keepdim=True))
        self.std.copy_(pixels.std((0, 2, 3), keepdim=True).clamp_min(1e-3))
        if isinstance(self.network, networks.Measuring):
            self.network.measure((pixels - self.mean) / self.std)

    def start_from(self, other: Encoder) -> None:
        """Take over the network's weights and the pixel statistics of another encoder.

        The classifier keeps its own weights, as its classes may be others.

        Raises:
            InputError: the other encoder's network is not this one's.
        """
        own, others = self.settings["network"], other.settings["network"]
        if own != others:
            raise InputError(
                f"starts_from: expected an encoder with the network {own}, got {others}"
            )
        self.network.load_state_dict(other.network.state_dict())
        self.mean.copy_(other.mean)
        self.std.copy_(other.std)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) uint8 images to (B, D) float32 embeddings of any length."""
        pixels = (images.to(self.mean.dtype) / 255 - self.mean) / self.std
        embeddings: Tensor = self.network(pixels.contiguous(memory_format=torch.channels_last))
        return embeddings.float()

    def stored_classifier(self) -> StoredClassifier | None:
        """The classifier as it is stored beside the embeddings, if there is one."""
        if self.classifier is None:
            return None
        weight = self.classifier.weight.detach().cpu().numpy()
        return StoredClassifier(weight, self.classes, float(self.classifier.scale))

    def place(self, device: torch.device) -> Encoder:
        """Move to `device`, with weights in the memory order that makes convolutions fastest."""
        # The overload is missing from torch's stubs.
        self.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def save(self, path: Path) -> None:
        """Write weights and settings as one safetensors file.

        Raises:
            InputError: the file cannot be written.
        """
        # safetensors stores row-major tensors; `load` restores channels_last.
        tensors = {k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}
        with replacing(path) as temporary:
            save_file(tensors, temporary, metadata={"encoder": json.dumps(self.settings)})

    @classmethod
    def load(cls, path: Path, device: torch.device | None = None) -> Encoder:
        """Read what :meth:`save` wrote, ready for inference.

        Raises:
            InputError: the file is missing, damaged or not an encoder, or the package that the
                network needs is not installed.
        """
        if not os.path.exists(path):
            raise InputError(f"{path}: expected an encoder, got no such file; `dvc repro` makes it")
        notes, tensors = read_tensors(path, "a readable encoder", "pt")
        try:
            stored = _Settings.model_validate_json(notes.get("encoder", ""))
            if stored.network.layers > len(tensors):
                raise ValueError(f"{len(tensors)} tensors for {stored.network.layers} layers")
            settings = stored.network, stored.channels, stored.classes, stored.scale
            with _NoMoreThan(sum(tensor.numel() for tensor in tensors.values())):
                encoder = cls(*settings)
            _require_alike(encoder.state_dict(), tensors)
            encoder.load_state_dict(tensors)
        except InputError:
            raise  # it names the missing package
        except Exception as error:  # networks fail in many ways on settings that cannot be
            got = reason(error)
            if isinstance(error, ValidationError):
                first = error.errors(include_url=False)[0]
                got = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:200]
            raise InputError(f"{path}: expected a readable encoder, got: {got}") from error
        return encoder.place(device or torch.device("cpu")).eval()


class _Settings(Section):
    """What an :class:`Encoder` is made from, as its file has it."""

    network: Network
    channels: Annotated[int, Field(ge=1, le=1024)]
    classes: list[Annotated[int, Field(ge=0)]]
    scale: float


class _NoMoreThan(TorchFunctionMode):
    """Refuses to make much more of tensors than a file has, before they take memory.

    Args:
        numbers: in the file.
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.numbers = numbers
        self.left = 4 * numbers + 1_000_000  # some are made twice

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call `func`, unless it makes a tensor that is too large."""
        name = getattr(func, "__name__", "")
        if name in ("empty", "zeros", "ones", "randn", "eye"):
            given = args[0] if args and isinstance(args[0], list | tuple) else args
            size = prod(n for n in given if isinstance(n, int))
            self.left -= size * size if name == "eye" and len(args) == 1 else size
            if self.left < 0:
                raise ValueError(f"{self.numbers:,} numbers, too few for its network")
        return func(*args, **(kwargs or {}))


def _require_alike(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless both have tensors of the same names, shapes and types."""
    different = [
        name
        for name in sorted({*expected, *found})
        if not (name in expected and name in found)
        or expected[name].shape != found[name].shape
        or expected[name].dtype != found[name].dtype
    ]
    if different:
        raise ValueError(f"{len(different)} tensors of another network: {different[0][:80]}, ...")
