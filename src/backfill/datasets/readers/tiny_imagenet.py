"""Tiny ImageNet in ImageNet's layout: `train/<wnid>/*.JPEG` and `val/<wnid>/*.JPEG`.

Source: the Tiny ImageNet challenge of Stanford's course CS231n (2015), 200 classes of ImageNet.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backfill.datasets.base import Dataset
from backfill.datasets.registry import register
from backfill.datasets.tree import TreeSettings, load_train_and_test


class TinyImageNet(TreeSettings):
    """Tiny ImageNet: 500 training and 50 validation images of each of 200 classes."""

    name: Literal["tiny_imagenet"] = "tiny_imagenet"
    size: int = Field(32, ge=8, le=1024, description="height of the decoded images, in pixels")


@register(TinyImageNet)
def load_tiny_imagenet(settings: TinyImageNet) -> Dataset:
    """Find Tiny ImageNet; a class is a WordNet id, and there is one group.

    The validation images are both queries and gallery, each query itself ignored. The challenge
    distributes them in one folder; here each lies in the folder of its class. The test images,
    whose classes are secret, are not read.

    Raises:
        InputError: a folder is missing or empty, or validation images lie outside class folders.
    """
    return load_train_and_test(settings, test="val", class_is="WordNet id")
