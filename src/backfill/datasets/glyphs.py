"""Glyphs: characters of many scripts and typefaces, bent, blurred and cluttered; no download.

Drawn from the fonts that matplotlib ships (DejaVu and STIX), so it is at hand wherever the
package is, of any size, and the same bytes each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.errors import InputError
from backfill.relevance import Relevance

if TYPE_CHECKING:
    from backfill.datasets.glyph_draw import GlyphSource

TRAIN, GALLERY = 0, 1  # The numbers of the splits.


def _rising(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"found [{bounds[0]}, {bounds[1]}], expected the smaller bound first")
    return bounds


Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[tuple[Share, Share], AfterValidator(_rising)]
Positive = Annotated[float, Field(gt=0, le=4)]
Positives = Annotated[tuple[Positive, Positive], AfterValidator(_rising)]


class Glyphs(BaseModel):
    """Glyphs: drawn characters, 32x32 grey; a class is a character, a group is a typeface.

    Ranges are those of uniform draws, one for each image; the wider, the harder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["glyphs"] = "glyphs"
    classes: int = Field(200, ge=2, description="characters, look-alikes counted as one")
    train_size: int = Field(12_000, ge=2, description="training images")
    gallery_size: int = Field(4_000, ge=2, description="gallery images, each a query as well")
    seed: int = Field(0, ge=0, description="seed of all images; the classes do not depend on it")
    rotation: float = Field(12.0, ge=0, le=180, description="turn by up to so many degrees")
    scale: Positives = Field((0.45, 0.9), description="longer side, in image sides")
    stretch: float = Field(0.2, ge=0, le=2, description="log of width to height, up to +-")
    shear: float = Field(0.2, ge=0, le=2, description="slant, up to +-")
    shift: float = Field(0.08, ge=0, le=1, description="off centre by up to +-, in image sides")
    weight: float = Field(0.4, ge=0, le=4, description="stroke edge moved by up to +-, in pixels")
    softness: Positives = Field((0.8, 2.5), description="width of a stroke's edge, in pixels")
    clutter: int = Field(1, ge=0, le=16, description="parts of other characters, up to")
    lines: int = Field(1, ge=0, le=16, description="lines across the image, up to")
    contrast: Shares = Field((0.4, 0.9), description="between ink and paper, either way up")
    light: Share = Field(0.3, description="change of brightness from rim to rim, up to +-")
    noise: Shares = Field((0.02, 0.08), description="standard deviation of the pixels' noise")


def load_glyphs(settings: Glyphs) -> Dataset:
    """Draw the training set and the gallery; the gallery is the query set as well.

    Images are (N, 1, 32, 32); the groups are the typefaces. Each query itself is ignored. Raises
    :class:`InputError` if there are fewer classes than asked for, or fewer images than classes.
    """
    from backfill.datasets.glyph_classes import TYPEFACES

    source = open_glyphs(settings)
    gallery = draw(source, GALLERY, settings.gallery_size)
    return Dataset(
        name=settings.name,
        classes=tuple(f"U+{ord(chars[0]):04X} {chars[0]}" for chars in source.classes),
        group_names=TYPEFACES,
        train=draw(source, TRAIN, settings.train_size),
        query=gallery,
        gallery=gallery,
        relevance=Relevance.from_labels(gallery.labels, gallery.labels, ignore_self=True),
    )


def open_glyphs(settings: Glyphs) -> GlyphSource:
    """Return the source of all images under these settings; draws none yet.

    Raises :class:`InputError` if there are fewer classes than asked for, or if a split could not
    hold every class.
    """
    from backfill.datasets.glyph_classes import catalogue
    from backfill.datasets.glyph_draw import GlyphSource

    if settings.classes > len(catalogue()):
        raise InputError(
            f"dataset.classes: found {settings.classes}, expected at most {len(catalogue())}: "
            "the fonts have no more characters that can be told apart"
        )
    for key in ("train_size", "gallery_size"):
        size = getattr(settings, key)
        if size < settings.classes:
            raise InputError(
                f"dataset.{key}: found {size}, expected at least dataset.classes, "
                f"{settings.classes}"
            )
    return GlyphSource(settings)


def draw(source: GlyphSource, split: int, size: int) -> ImageSet:
    """Draw the first ``size`` images of a split: images (size, 1, 32, 32)."""
    from tqdm import tqdm

    images: NDArray[np.uint8] = np.empty((size, 1, 32, 32), np.uint8)
    for i in tqdm(range(size), "glyphs", unit=" images", leave=False, delay=2):
        images[i, 0] = source.image(split, i)
    labels = np.array([source.label(split, i) for i in range(size)], np.int64)
    groups = np.array([source.group(split, i) for i in range(size)], np.int64)
    return ImageSet(images, labels, groups)
