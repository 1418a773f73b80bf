"""ImageNet-1K as published: `train/<wnid>/*.JPEG` and `val/<wnid>/*.JPEG`.

Source: Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015.
"""

from __future__ import annotations

from typing import Literal

from backfill.datasets.base import Dataset
from backfill.datasets.registry import register
from backfill.datasets.tree import TreeSettings, load_train_and_test


class ImageNet(TreeSettings):
    """ImageNet-1K: 1,281,167 training and 50,000 validation images of 1,000 classes."""

    name: Literal["imagenet"] = "imagenet"


@register(
    ImageNet,
    published="1,281,167 to train on (1,000 classes), 50,000 as queries and gallery",
)
def load_imagenet(settings: ImageNet) -> Dataset:
    """Find ImageNet-1K; a class is a WordNet id, and there is one group.

    The validation images are both queries and gallery, each query itself ignored. The test
    images, whose classes are secret, are not read.

    Raises:
        InputError: a folder is missing or empty, or validation images lie outside class folders.
    """
    return load_train_and_test(settings, test="val", class_is="WordNet id")
