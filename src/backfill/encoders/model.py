"""An encoder with what belongs to it: pixel statistics, classifier, and its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from backfill.artifacts import replacing
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.resnet import ResNet
from backfill.encoders.vit import VisionTransformer
from backfill.errors import InputError

if TYPE_CHECKING:
    from backfill.params import Network


def build_network(settings: dict[str, Any], channels: int) -> nn.Module:
    """The network that `settings` describes; a new family is one more entry here.

    A network maps (B, C, H, W) float images to (B, embedding_dim) embeddings.
    """
    families: dict[str, Callable[..., nn.Module]] = {
        "resnet": ResNet,
        "vit": VisionTransformer,
    }
    options = {key: value for key, value in settings.items() if key != "family"}
    return families[settings["family"]](channels, **options)


class CosineClassifier(nn.Module):
    """Class scores as scaled cosines of embedding and class weight.

    Trained with cross-entropy it spreads classes by angle, which is what retrieval ranks by.
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
    """From uint8 images to embeddings, with the classifier that it was trained with.

    Args:
        network: settings as in params.yaml (`family`, `blocks`, ..., `embedding_dim`).
        channels: of the images.
        classes: labels of the classes that the classifier tells apart, in its order; empty for
            a self-supervised encoder, which has none.
        scale: factor on the classifier's cosines.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, network: Network | dict[str, Any], channels: int, classes: list[int], scale: float
    ) -> None:
        super().__init__()
        settings = network if isinstance(network, dict) else network.model_dump()
        self.settings: dict[str, Any] = {
            "network": settings, "channels": channels, "classes": classes, "scale": scale
        }  # fmt: skip
        self.network = build_network(settings, channels)
        self.classifier = (
            CosineClassifier(settings["embedding_dim"], len(classes), scale) if classes else None
        )
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("std", torch.ones(1, channels, 1, 1))

    @property
    def classes(self) -> list[int]:
        """Labels of the classifier's rows."""
        classes: list[int] = self.settings["classes"]
        return classes

    def measure_pixels(self, images: Tensor) -> None:
        """Take the mean and deviation of each channel from (N, C, H, W) uint8 training images."""
        pixels = images.float() / 255
        self.mean.copy_(pixels.mean((0, 2, 3), keepdim=True))
        self.std.copy_(pixels.std((0, 2, 3), keepdim=True).clamp_min(1e-3))

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) uint8 images to (B, D) float32 embeddings, not of unit length."""
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
        """Move to `device`, weights in the memory order that convolutions are fastest in."""
        # torch's stubs lack this overload.
        self.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def save(self, path: Path) -> None:
        """Write weights and settings as one safetensors file."""
        # safetensors stores row-major tensors; channels_last is restored at load.
        tensors = {k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}
        with replacing(path) as temporary:
            save_file(tensors, temporary, metadata={"encoder": json.dumps(self.settings)})

    @classmethod
    def load(cls, path: Path, device: torch.device | None = None) -> Encoder:
        """Read what :meth:`save` wrote, ready for inference.

        Raises:
            InputError: the file is missing, corrupt, or holds another kind of model; or the
                package of its network is not installed.
        """
        try:
            with safe_open(path, framework="pt") as file:
                settings = json.loads((file.metadata() or {})["encoder"])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            encoder = cls(**settings)
            encoder.load_state_dict(tensors)
        except FileNotFoundError:
            raise InputError(f"{path}: not there; `dvc repro` makes it") from None
        except InputError:
            raise  # says more than that the file cannot be read
        except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{path}: no readable safetensors file of an encoder ({reason})"
            ) from error
        return encoder.place(device or torch.device("cpu")).eval()
