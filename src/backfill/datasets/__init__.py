"""Datasets by name: the settings of each, and one function that loads any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.cifar100 import Cifar100, load_cifar100
from backfill.datasets.digits import Digits, load_digits
from backfill.datasets.folder import Folder, load_folder
from backfill.datasets.gldv2 import Gldv2, load_gldv2
from backfill.datasets.glyphs import Glyphs, load_glyphs
from backfill.datasets.imagenet import ImageNet, load_imagenet
from backfill.datasets.market1501 import Market1501, load_market1501
from backfill.datasets.places365 import Places365, load_places365
from backfill.datasets.revisited import ROxford5k, RParis6k, load_revisited
from backfill.datasets.vggface2 import VggFace2, load_vggface2

DatasetSettings = Annotated[
    Cifar100
    | Digits
    | Folder
    | Gldv2
    | Glyphs
    | ImageNet
    | Market1501
    | Places365
    | ROxford5k
    | RParis6k
    | VggFace2,
    Field(discriminator="name"),
]

LOADERS: dict[str, Callable[[Any], Dataset]] = {
    "cifar100": load_cifar100,
    "digits": load_digits,
    "folder": load_folder,
    "gldv2": load_gldv2,
    "glyphs": load_glyphs,
    "imagenet": load_imagenet,
    "market1501": load_market1501,
    "places365": load_places365,
    "roxford5k": load_revisited,
    "rparis6k": load_revisited,
    "vggface2": load_vggface2,
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
    "Gldv2",
    "Glyphs",
    "ImageNet",
    "ImageSet",
    "Market1501",
    "Places365",
    "ROxford5k",
    "RParis6k",
    "VggFace2",
    "load",
]
