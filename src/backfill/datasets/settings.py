"""Settings that datasets share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from backfill.arrays import Float64s
from backfill.datasets.decoding import MAX_PIXELS, Fit
from backfill.datasets.held_out import Search
from backfill.datasets.image_files import ImageFiles


class Settings(BaseModel):
    """A dataset's section of params.yaml: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    has_images: ClassVar[bool] = True

    name: str

    @property
    def title(self) -> str:
        """What reports call it."""
        return self.name

    search: Search = Field(
        "test",
        description="test images, unseen_classes (half of the classes train, test images of the "
        "others are searched), validation_images (a tenth of the training images, which do not "
        "train) or validation_classes (training images of a fifth of the classes, likewise)",
    )


class SubsetSettings(Settings):
    """Settings of a dataset that is still a dataset when many of its images are left out."""

    max_train: int | None = Field(
        None, ge=2, description="size of a random subset of the training images; null for all"
    )
    max_test: int | None = Field(
        None, ge=2, description="size of a random subset of the test images; null for all"
    )
    seed: int = Field(0, ge=0, description="seed of the random subsets")


class ImageFileSettings(Settings):
    """Settings of a dataset of image files: where they are, and what they decode to."""

    root: Path = Field(description="folder of the dataset, in its published layout")
    size: int = Field(224, ge=8, le=1024, description="height of the decoded images, in pixels")
    width: int | None = Field(
        None, ge=8, le=1024, description="width of the decoded images; null for the height"
    )
    fit: Fit = Field(
        "crop", description="how an image gets this shape: scale and crop the centre, or stretch"
    )
    workers: int = Field(4, ge=1, le=64, description="threads that decode images")
    max_pixels: int = Field(
        MAX_PIXELS,
        ge=1024**2,
        le=170_000_000,
        description="pixels of an image file; one that has more is an error and is not decoded",
    )

    def images(self, paths: Sequence[str], boxes: Float64s | None = None) -> ImageFiles:
        """Return these files, to be decoded as the settings say.

        Args:
            paths: N image files.
            boxes: (N, 4) left, upper, right and lower edge of the region to keep, in pixels.
        """
        return ImageFiles(
            paths,
            self.size,
            self.width or self.size,
            self.fit,
            self.workers,
            boxes,
            self.max_pixels,
        )
