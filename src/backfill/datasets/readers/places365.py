"""Places365-Standard in its easy layout: `train/<class>/*.jpg` and `val/<class>/*.jpg`.

Source: Zhou et al., "Places: A 10 Million Image Database for Scene Recognition", TPAMI 2018.
"""

from __future__ import annotations

from typing import Literal

from backfill.datasets.base import Dataset
from backfill.datasets.registry import register
from backfill.datasets.tree import TreeSettings, load_train_and_test


class Places365(TreeSettings):
    """Places-365: 1,803,460 training and 36,500 validation images of 365 kinds of scene."""

    name: Literal["places365"] = "places365"


@register(
    Places365,
    published="1,803,460 to train on (365 classes), 36,500 as queries and gallery",
)
def load_places365(settings: Places365) -> Dataset:
    """Find Places-365; a class is a kind of scene, and there is one group.

    The validation images are both queries and gallery, each query itself ignored.

    Raises:
        InputError: a folder is missing or empty.
    """
    return load_train_and_test(settings, test="val", class_is="kind of scene")
