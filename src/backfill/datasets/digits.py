"""Digits: the 1,797 handwritten digits that scikit-learn ships, 8x8 grey; no download.

Source: Alpaydin & Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.relevance import Relevance


class Digits(BaseModel):
    """Digits: ten classes, small enough for a whole run in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["digits"] = "digits"
    test_fraction: float = Field(0.5, ge=0.01, le=0.99, description="of each class, for testing")
    seed: int = Field(0, ge=0, description="seed of the split")


def load_digits(settings: Digits) -> Dataset:
    """Load the digits, split at random within each class; there is one group.

    Images are (N, 1, 8, 8), the source's 0 to 16 stretched to 0 to 255. The test set is query and
    gallery, each query itself ignored.
    """
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    source = datasets.load_digits()
    pixels = np.round(source.images * (255 / 16)).astype(np.uint8)[:, None]
    labels = source.target.astype(np.int64)
    images = ImageSet(pixels, labels, np.zeros_like(labels))
    train, test = train_test_split(
        np.arange(len(labels)),
        test_size=settings.test_fraction,
        random_state=settings.seed,
        stratify=labels,
    )
    gallery = images.take(np.sort(test))
    return Dataset(
        name=settings.name,
        classes=tuple(str(digit) for digit in range(10)),
        group_names=("all",),
        train=images.take(np.sort(train)),
        query=gallery,
        gallery=gallery,
        relevance=Relevance.from_labels(gallery.labels, gallery.labels, ignore_self=True),
    )
