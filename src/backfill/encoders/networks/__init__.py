"""The networks of encoders: one module per family, registered under the `family` of its settings.

A network maps (B, C, H, W) normalised images to (B, embedding_dim) embeddings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from torch import Tensor, nn

from backfill.registry import Registry

if TYPE_CHECKING:
    from backfill.params.networks import Network

NETWORKS: Registry[Callable[..., nn.Module]] = Registry("backfill.encoders.networks")


@runtime_checkable
class Measuring(Protocol):
    """A network with layers that are computed from training images, once, before training."""

    def measure(self, images: Tensor) -> None:
        """Compute them from (N, C, H, W) normalised images."""


def build(settings: Network, channels: int) -> nn.Module:
    """Build the network that `settings` describe.

    Args:
        settings: of a family; all other keys are arguments of its network.
        channels: of the images.

    Raises:
        InputError: the package that the family needs is not installed.
    """
    return NETWORKS[settings.family](channels, **settings.model_dump(exclude={"family"}))
