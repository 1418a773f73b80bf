"""Settings that all datasets of image files share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from backfill.datasets.image_files import Fit, ImageFiles


class ImageFileSettings(BaseModel):
    """Where the files are, and what they decode to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: Path = Field(description="folder of the dataset, in its published layout")
    size: int = Field(224, ge=8, le=1024, description="height of the images, in pixels")
    width: int | None = Field(None, ge=8, le=1024, description="their width; null: the height")
    fit: Fit = Field(
        "crop", description="to that shape: scale and cut out the centre, or stretch both sides"
    )
    workers: int = Field(4, ge=1, le=64, description="threads that decode images")

    def images(self, paths: Sequence[str], boxes: NDArray[np.float64] | None = None) -> ImageFiles:
        """These files, to be decoded as the settings say."""
        return ImageFiles(paths, self.size, self.width or self.size, self.fit, self.workers, boxes)


class SubsetSettings(ImageFileSettings):
    """The same for datasets of which a random part is a dataset as well."""

    max_train: int | None = Field(
        None, ge=2, description="keep a random subset of so many training images; null: all"
    )
    max_test: int | None = Field(
        None, ge=2, description="keep a random subset of so many test images; null: all"
    )
    seed: int = Field(0, ge=0, description="seed of the random subsets")
