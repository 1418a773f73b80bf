"""The networks of encoders, by family."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from backfill.params.base import Count, Section


class ResNet(Section):
    """A residual network: `blocks` per stage, the first stage `width` channels wide."""

    family: Literal["resnet"]
    blocks: Annotated[list[Count], Field(min_length=1)]
    width: Count
    embedding_dim: Count
    stem: Literal["small", "large"] = "small"

    @property
    def layers(self) -> int:
        """A number of layers that it has at least, each with weights of its own."""
        return sum(self.blocks)


class Whitened(Section):
    """Convolutions behind a whitening layer, `blocks` of them in each stage.

    The first stage is `width` channels wide, the others four times as wide. It has the keys of
    `resnet`, so that a preset can replace one by the other.
    """

    family: Literal["whitened"]
    blocks: Annotated[list[Count], Field(min_length=1)]
    width: Count
    embedding_dim: Count
    patch: Count = 2

    @property
    def layers(self) -> int:
        """A number of layers that it has at least, each with weights of its own."""
        return sum(self.blocks)


class Vit(Section):
    """A vision transformer of `depth` layers on square patches, with tokens `width` wide.

    Attributes:
        stem: what a token is made from: `linear`, a patch's pixels; `residual`, what two residual
            blocks make of them at half the resolution.
        pooling: what is embedded: the `class` token, or the `mean` of the others.
    """

    family: Literal["vit"]
    image_size: Count
    patch: Count
    depth: Count
    width: Count
    heads: Count
    embedding_dim: Count
    stem: Literal["linear", "residual"] = "linear"
    pooling: Literal["class", "mean"] = "class"

    @property
    def layers(self) -> int:
        """A number of layers that it has at least, each with weights of its own."""
        return self.depth

    @model_validator(mode="after")
    def _divisible(self) -> Vit:
        for divisor, whole in (("patch", "image_size"), ("heads", "width")):
            if getattr(self, whole) % getattr(self, divisor):
                raise ValueError(
                    f"{divisor}: expected a divisor of {whole}, {getattr(self, whole)}, "
                    f"got {getattr(self, divisor)}"
                )
        if self.stem == "residual" and self.patch % 2:
            raise ValueError(f"patch: expected an even number with stem residual, got {self.patch}")
        return self


Network = Annotated[ResNet | Vit | Whitened, Field(discriminator="family")]
