"""Places365-Standard in its easy layout: ``train/<class>/*.jpg`` and ``val/<class>/*.jpg``.

Source: Zhou et al., "Places: A 10 Million Image Database for Scene Recognition", TPAMI 2018.
"""

from __future__ import annotations

from typing import Literal

from backfill.datasets.base import Dataset
from backfill.datasets.settings import SubsetSettings
from backfill.datasets.tree import load_train_and_test


class Places365(SubsetSettings):
    """Places-365: 1,803,460 training and 36,500 validation images of 365 kinds of scenes."""

    name: Literal["places365"] = "places365"


def load_places365(settings: Places365) -> Dataset:
    """Find Places-365 below ``settings.root``; a class is a kind of scene; there is one group.

    The validation set is query and gallery, each query itself ignored. Raises
    :class:`backfill.errors.InputError` if a split is missing or empty.
    """
    return load_train_and_test(settings, settings.name, test="val", class_is="kind of scene")
