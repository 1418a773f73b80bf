"""A small vision transformer (Dosovitskiy et al., ICLR 2021), as `transformers` implements it."""

from __future__ import annotations

from torch import Tensor, nn

from backfill.encoders.networks import NETWORKS
from backfill.encoders.networks.resnet import BasicBlock
from backfill.errors import InputError


@NETWORKS.register("vit")
class VisionTransformer(nn.Module):
    """Patches, attention, and an embedding layer on the class token or on all others.

    Args:
        channels: of the images.
        image_size: side of the images, in pixels.
        patch: side of a patch; divides `image_size`.
        depth: number of attention layers.
        width: size of the tokens.
        heads: attention heads per layer; divides `width`.
        embedding_dim: D, the size of the embedding.
        stem: what a token is made from: `linear`, a patch's pixels; `residual`, the patch of a map
            that two residual blocks make at half the resolution (the paper's hybrid), with which a
            transformer learns from few images.
        pooling: what the embedding layer reads: `class`, the class token; `mean`, the mean of the
            patches' tokens.

    Raises:
        InputError: the package `transformers` is not installed (`pip install backfill[vit]`).
    """

    def __init__(
        self,
        channels: int,
        image_size: int,
        patch: int,
        depth: int,
        width: int,
        heads: int,
        embedding_dim: int,
        stem: str = "linear",
        pooling: str = "class",
    ) -> None:
        super().__init__()
        try:
            # An optional package, and slow to import.
            from transformers import ViTConfig, ViTModel
        except ImportError as error:
            raise InputError(
                "network.family: expected the package transformers for 'vit', "
                "got none (pip install backfill[vit])"
            ) from error
        scale = 2 if stem == "residual" else 1
        settings = ViTConfig(
            image_size=image_size // scale,
            patch_size=patch // scale,
            num_channels=channels if scale == 1 else width // 2,
            num_hidden_layers=depth,
            hidden_size=width,
            intermediate_size=4 * width,
            num_attention_heads=heads,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.image_size = image_size
        self.stem = _residual(channels, width // 2) if scale > 1 else nn.Identity()
        self.transformer = ViTModel(settings, add_pooling_layer=False)
        self.embedding = nn.Linear(width, embedding_dim)
        self.pooling = pooling

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) normalised images to (B, D) embeddings of any length.

        Raises:
            InputError: the images are not of `image_size`.
        """
        height, width = images.shape[2:]
        if (height, width) != (self.image_size, self.image_size):
            side = self.image_size
            raise InputError(
                f"network.image_size: expected images of {side} x {side}, got {height} x {width}"
            )
        tokens = self.transformer(self.stem(images)).last_hidden_state
        pooled = tokens[:, 1:].mean(1) if self.pooling == "mean" else tokens[:, 0]
        return self.embedding(pooled)  # type: ignore[no-any-return]


def _residual(channels: int, width: int) -> nn.Sequential:
    """Two residual blocks that end at half the resolution and `width` channels."""
    first = nn.Conv2d(channels, width // 2, 3, padding=1, bias=False)
    blocks = BasicBlock(width // 2, width // 2, 1), BasicBlock(width // 2, width, 2)
    return nn.Sequential(first, nn.BatchNorm2d(width // 2), nn.ReLU(), *blocks)
