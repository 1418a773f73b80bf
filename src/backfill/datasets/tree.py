"""Trees in which a folder is a class: what every dataset of that kind does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.listing import Listing, list_classes, require
from backfill.datasets.settings import ImageFileSettings, SubsetSettings
from backfill.relevance import Relevance

# Given the root and the classes: the names of the groups, and each class's group.
Grouping = Callable[[Path, tuple[str, ...]], tuple[tuple[str, ...], dict[str, int]]]


def load_train_and_test(
    settings: SubsetSettings,
    name: str,
    test: str,
    class_is: str,
    grouping: Grouping | None = None,
    files: dict[str, str] | None = None,
) -> Dataset:
    """Load ``root/train/<class>/`` and ``root/<test>/<class>/``; decodes nothing yet.

    Labels follow the sorted names of both splits' classes, in one table. The test split is query
    and gallery, each query itself ignored. ``class_is`` says in errors what a class is.
    Without ``grouping`` there is one group; ``files`` is what else has to be there, as for
    :func:`backfill.datasets.listing.require`.

    Raises :class:`backfill.errors.InputError` if a split is missing or empty.
    """

    root = settings.root
    holds = f"a folder of images for each {class_is}"
    require((root, {f"{split}/": holds for split in ("train", test)} | (files or {})))
    listings = [list_classes(root / split) for split in ("train", test)]
    classes = tuple(sorted({name for listing in listings for name in listing.names}))
    group_names, group_of = grouping(root, classes) if grouping else (("all",), None)
    train, gallery = (image_set(settings, listing, classes, group_of) for listing in listings)
    train = train.sample(settings.max_train, settings.seed)
    gallery = gallery.sample(settings.max_test, settings.seed)
    return Dataset(
        name=name,
        classes=classes,
        group_names=group_names,
        train=train,
        query=gallery,
        gallery=gallery,
        relevance=Relevance.from_labels(gallery.labels, gallery.labels, ignore_self=True),
    )


def image_set(
    settings: ImageFileSettings,
    listing: Listing,
    classes: Iterable[str],
    group_of: dict[str, int] | None = None,
) -> ImageSet:
    """The files of a listing, labelled by their class's place in ``classes``.

    ``group_of`` maps classes to groups; without it, all are in group 0.
    """
    labels = numbered(listing.names, {name: k for k, name in enumerate(classes)})
    groups = numbered(listing.names, group_of) if group_of else np.zeros_like(labels)
    return ImageSet(settings.images(listing.paths), labels, groups)


def numbered(names: Iterable[str], number: dict[str, int]) -> NDArray[np.int64]:
    """The number of each of N names, (N,)."""
    return np.array([number[name] for name in names], np.int64)
