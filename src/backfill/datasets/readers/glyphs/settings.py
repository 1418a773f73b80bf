"""What the glyphs look like: settings of the dataset."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from backfill.datasets.settings import Settings


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"expected the smaller bound first, got [{bounds[0]}, {bounds[1]}]")
    return bounds


Unit = Annotated[float, Field(ge=0, le=1)]
UnitRange = Annotated[tuple[Unit, Unit], AfterValidator(_ascending)]
Positive = Annotated[float, Field(gt=0, le=4)]
PositiveRange = Annotated[tuple[Positive, Positive], AfterValidator(_ascending)]


class Glyphs(Settings):
    """Glyphs: drawn characters, 32x32 grey; a class is a character, a group is a typeface.

    Ranges bound uniform draws, one per image. The wider they are, the harder the dataset.
    """

    name: Literal["glyphs"] = "glyphs"
    classes: int = Field(
        200, ge=2, description="characters, look-alikes counted as one; default 200"
    )
    train_size: int = Field(
        12_000,
        ge=2,
        description="training images; default 12000, the size of the main comparison",
    )
    gallery_size: int = Field(
        4_000,
        ge=2,
        description="gallery images, each also a query; default 4000, as in the main comparison",
    )
    seed: int = Field(0, ge=0, description="seed of all images; it does not change the classes")
    rotation: float = Field(12.0, ge=0, le=180, description="largest rotation, in degrees")
    scale: PositiveRange = Field((0.45, 0.9), description="longer side, in sides of the image")
    stretch: float = Field(0.2, ge=0, le=2, description="largest log of width to height, +-")
    shear: float = Field(0.2, ge=0, le=2, description="largest slant, +-")
    shift: float = Field(
        0.08, ge=0, le=1, description="largest distance off centre, +-, in sides of the image"
    )
    weight: float = Field(
        0.4, ge=0, le=4, description="how far edges of strokes move out or in, +-, in pixels"
    )
    softness: PositiveRange = Field(
        (0.8, 2.5), description="width of the edges of strokes, in pixels"
    )
    clutter: int = Field(1, ge=0, le=16, description="most parts of other characters")
    lines: int = Field(1, ge=0, le=16, description="most lines across the image")
    contrast: UnitRange = Field(
        (0.4, 0.9), description="difference of ink and paper; either is the lighter one"
    )
    light: Unit = Field(0.3, description="largest change of brightness from side to side, +-")
    noise: UnitRange = Field((0.02, 0.08), description="standard deviation of the pixels' noise")
