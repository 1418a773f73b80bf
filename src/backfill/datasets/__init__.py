"""Datasets by name: the settings of each, and one function that loads any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.cifar100 import Cifar100, load_cifar100
from backfill.datasets.digits import Digits, load_digits
from backfill.datasets.folder import Folder, load_folder
from backfill.datasets.glyphs import Glyphs, load_glyphs

DatasetSettings = Annotated[Cifar100 | Digits | Folder | Glyphs, Field(discriminator="name")]

LOADERS: dict[str, Callable[[Any], Dataset]] = {
    "cifar100": load_cifar100,
    "digits": load_digits,
    "folder": load_folder,
    "glyphs": load_glyphs,
}


def load(settings: DatasetSettings) -> Dataset:
    """Load the dataset that ``settings.name`` names.

    Raises :class:`backfill.errors.InputError` if its files are missing or cannot be used.
    """
    return LOADERS[settings.name](settings)


__all__ = [
    "LOADERS",
    "Cifar100",
    "Dataset",
    "DatasetSettings",
    "Digits",
    "Folder",
    "Glyphs",
    "ImageSet",
    "load",
]
