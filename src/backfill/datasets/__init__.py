"""Datasets by name: the settings of each, and one function that loads any of them.

A dataset is one module in :mod:`backfill.datasets.readers`, which registers itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.held_out import searched
from backfill.datasets.registry import READERS
from backfill.datasets.settings import Settings

NAMES: tuple[str, ...] = tuple(READERS)

# The section `dataset` of params.yaml: the settings of one registered dataset, chosen by `name`.
if TYPE_CHECKING:
    DatasetSettings = Settings
else:
    DatasetSettings = Annotated[
        Union[tuple(reader.settings for reader in READERS.values())],  # noqa: UP007
        Field(discriminator="name"),
    ]


def load(settings: DatasetSettings) -> Dataset:
    """Load the dataset that `settings.name` names.

    Args:
        settings: validated settings of a registered dataset.

    Returns:
        Its images, labels, groups and relevance, with what `settings.search` says as queries and
        gallery. Images in files are not decoded yet.

    Raises:
        InputError: files are missing or cannot be used.
    """
    return searched(READERS[settings.name].load(settings), settings.search)


__all__ = ["NAMES", "Dataset", "DatasetSettings", "ImageSet", "load"]
