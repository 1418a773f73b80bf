"""Folder trees in which a folder is a class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from backfill.arrays import Int64s
from backfill.datasets.base import UNLABELLED, Dataset, ImageSet
from backfill.datasets.listing import Listing, list_classes, require
from backfill.datasets.settings import ImageFileSettings, SubsetSettings
from backfill.relevance import Relevance

# From the root and the classes to the names of the groups and the group of each class.
Grouping = Callable[[Path, tuple[str, ...]], tuple[tuple[str, ...], dict[str, int]]]


class TreeSettings(ImageFileSettings, SubsetSettings):
    """Settings of a dataset in two trees, one to train on and one to test on."""


def load_train_and_test(
    settings: TreeSettings,
    test: str,
    class_is: str,
    grouping: Grouping | None = None,
    files: dict[str, str] | None = None,
) -> Dataset:
    """Load `root/train/<class>/` and `root/<test>/<class>/`; decodes nothing yet.

    Labels index the sorted class names of both folders together. The test images are both queries
    and gallery, each query itself ignored.

    Args:
        settings: the root, the shape of the images, and the sizes of random subsets.
        test: folder of the test images.
        class_is: what a class is, for error messages.
        grouping: assigns classes to groups; without it there is one group.
        files: what else must exist, as in :func:`backfill.datasets.listing.require`.

    Raises:
        InputError: a folder is missing or empty.
    """
    root = settings.root
    holds = f"a folder of images for each {class_is}"
    require((root, {f"{folder}/": holds for folder in ("train", test)} | (files or {})))
    listings = [list_classes(root / folder) for folder in ("train", test)]
    classes = tuple(sorted({name for listing in listings for name in listing.names}))
    group_names, group_of = grouping(root, classes) if grouping else (("all",), None)
    train, gallery = (image_set(settings, listing, classes, group_of) for listing in listings)
    train = train.sample(settings.max_train, settings.seed)
    gallery = gallery.sample(settings.max_test, settings.seed)
    return Dataset(
        name=settings.name,
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
    """Label the files of a listing by the position of their class in `classes`.

    Args:
        settings: how the files decode.
        listing: the files and the names of their classes.
        classes: all class names.
        group_of: the group of each class; without it, everything is in group 0.
    """
    labels = _numbers(listing.names, {name: k for k, name in enumerate(classes)})
    groups = _numbers(listing.names, group_of) if group_of else np.zeros_like(labels)
    return ImageSet(settings.images(listing.paths), labels, groups)


def unlabelled(
    settings: ImageFileSettings, paths: Sequence[str], classes: Sequence[str]
) -> ImageSet:
    """Return test files whose own classes are unknown, all in group 0.

    Args:
        settings: how the files decode.
        paths: the files.
        classes: all class names, :data:`UNLABELLED` among them.
    """
    labels = np.full(len(paths), classes.index(UNLABELLED), np.int64)
    return ImageSet(settings.images(paths), labels, np.zeros_like(labels))


def _numbers(names: Iterable[str], number: dict[str, int]) -> Int64s:
    """Look up the number of each of N names, (N,)."""
    return np.array([number[name] for name in names], np.int64)
