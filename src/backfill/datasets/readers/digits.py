"""The 1,797 handwritten digits that scikit-learn ships, 8x8 grey; no download.

Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.registry import register
from backfill.datasets.settings import Settings
from backfill.relevance import Relevance


class Digits(Settings):
    """Digits: ten classes, small enough that a whole run takes seconds."""

    name: Literal["digits"] = "digits"
    test_fraction: float = Field(
        0.5, ge=0.01, le=0.99, description="fraction of each class to test on"
    )
    seed: int = Field(0, ge=0, description="seed of the choice of test images")


@register(Digits)
def load_digits(settings: Digits) -> Dataset:
    """Load the digits, divided at random within each class; there is one group.

    Images are (N, 1, 8, 8); grey levels of 0 to 16 are scaled to 0 to 255. The test images are
    both queries and gallery, each query itself ignored.
    """
    # Deferred: scikit-learn is slow to import, and only this dataset needs it.
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
