"""What is searched: the test images, or images held out of those that are trained on.

Settings are chosen on validation images and reported on test images, so that no number comes from
queries that something was chosen on. With unseen classes nothing is trained on the classes that are
searched, as when the items of a real gallery belong to classes that nobody has labelled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from backfill.arrays import Bools, Int64s
from backfill.datasets.base import Dataset, ImageSet
from backfill.errors import InputError
from backfill.relevance import Relevance

Search = Literal["test", "unseen_classes", "validation_images", "validation_classes"]
SEARCHES: tuple[str, ...] = get_args(Search)
UNSEEN = 1 / 2  # of the classes
VALIDATION_CLASSES = 1 / 5  # of the classes; none of the unseen ones
VALIDATION_IMAGES = 1 / 10  # of the training images of each class
_SEED = 0


def searched(dataset: Dataset, search: Search) -> Dataset:
    """Choose what is trained on and what is searched.

    - `test`: the dataset as it is.
    - `unseen_classes`: half of the classes train; the test images of the other half are searched.
    - `validation_images`: nine tenths of the training images of each class train; the others are
      searched.
    - `validation_classes`: the training images of one fifth of the classes are searched; the other
      classes train. These classes and the unseen ones have none in common.

    Args:
        dataset: all of it.
        search: what is searched. Except for `test`, every image is a query among the others.

    Returns:
        The dataset, with classes numbered as before.

    Raises:
        InputError: `unseen_classes` of a dataset whose queries are not its gallery, or too few
            classes.
    """
    if search == "test":
        return dataset
    labels = dataset.train.labels
    order = np.random.default_rng(_SEED).permutation(np.unique(labels))
    if search == "validation_images":
        held = _some_of_each_class(labels, VALIDATION_IMAGES)
        return _split(dataset, ~held, dataset.train, held)
    if search == "validation_classes":
        chosen = order[len(order) - _count(order, VALIDATION_CLASSES, dataset) :]
        held = np.isin(labels, chosen)
        return _split(dataset, ~held, dataset.train, held)
    if dataset.query is not dataset.gallery:
        raise InputError(
            f"dataset.search: expected test or validation for {dataset.name}, whose queries are "
            f"not its gallery, got {search}"
        )
    chosen = order[: _count(order, UNSEEN, dataset)]
    unseen = np.isin(dataset.gallery.labels, chosen)
    return _split(dataset, ~np.isin(labels, chosen), dataset.gallery, unseen)


def _count(classes: Int64s, share: float, dataset: Dataset) -> int:
    """How many classes a share is; two at least are searched, and two at least train."""
    count = max(2, round(share * len(classes)))
    if len(classes) - count < 2:
        raise InputError(
            f"dataset.search: expected test for {dataset.name}, whose {len(classes)} classes are "
            "too few to hold some out"
        )
    return count


def _some_of_each_class(labels: Int64s, share: float) -> Bools:
    """(N,) whether an image is held out: a share of each class, at least two of it."""
    held = np.zeros(len(labels), dtype=bool)
    rng = np.random.default_rng(_SEED)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        held[members[: max(2, round(share * len(members)))]] = True
    return held


def _split(dataset: Dataset, trained: Bools, source: ImageSet, held: Bools) -> Dataset:
    items = source.take(np.flatnonzero(held))
    return replace(
        dataset,
        train=dataset.train.take(np.flatnonzero(trained)),
        query=items,
        gallery=items,
        relevance=Relevance.from_labels(items.labels, items.labels, ignore_self=True),
        map_at=None if source is dataset.train else dataset.map_at,
        trapezoidal=dataset.trapezoidal and source is not dataset.train,
    )
