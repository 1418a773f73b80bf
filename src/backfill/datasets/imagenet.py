"""ImageNet-1K as published: ``train/<wnid>/*.JPEG`` and ``val/<wnid>/*.JPEG``.

Source: Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015.
"""

from __future__ import annotations

from typing import Literal

from backfill.datasets.base import Dataset
from backfill.datasets.settings import SubsetSettings
from backfill.datasets.tree import load_train_and_test


class ImageNet(SubsetSettings):
    """ImageNet-1K: 1,281,167 training and 50,000 validation images of 1,000 classes."""

    name: Literal["imagenet"] = "imagenet"


def load_imagenet(settings: ImageNet) -> Dataset:
    """Find ImageNet-1K below ``settings.root``; a class is a WordNet id, and there is one group.

    The validation set is query and gallery, each query itself ignored; the test set, whose
    classes are secret, is not looked at. Raises :class:`backfill.errors.InputError` if a split is
    missing or empty, also where validation images do not lie in folders of their classes.
    """
    return load_train_and_test(settings, settings.name, test="val", class_is="WordNet id")
