"""What every dataset loads into: three sets of labelled images, and who is relevant to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backfill.arrays import Int64s, UInt8s
from backfill.datasets.image_files import ImageFiles
from backfill.errors import InputError
from backfill.relevance import Relevance

# The class of test images whose own class is unknown: only their relevance is published.
UNLABELLED = "(unlabelled)"


@dataclass(frozen=True)
class ImageSet:
    """Images, each with a class and a group.

    A group is a second, coarser description, such as a superclass or a typeface. Training never
    sees it; results are broken down by it.

    Attributes:
        images: (N, C, H, W) uint8; in memory, memory-mapped, or files that are not decoded yet;
            None for items of which there are vectors alone.
        labels: (N,) int64 class of each image.
        groups: (N,) int64 group of each image.

    Raises:
        InputError: a shape or type is wrong, or there are no images.
    """

    images: UInt8s | ImageFiles | None
    labels: Int64s
    groups: Int64s

    def __post_init__(self) -> None:
        images = self.images
        if (
            images is not None
            and not isinstance(images, ImageFiles)
            and (images.ndim != 4 or images.dtype != np.uint8)
        ):
            found = f"{images.shape} {images.dtype}"
            raise InputError(f"images: expected (N, C, H, W) uint8, got {found}")
        if 0 in (shape := self.labels.shape if images is None else images.shape):
            raise InputError(f"images: expected at least one, got shape {shape}")
        for key in ("labels", "groups"):
            values: Int64s = getattr(self, key)
            if values.shape != (len(self),) or values.dtype != np.int64:
                found = f"{values.shape} {values.dtype}"
                raise InputError(f"{key}: expected ({len(self)},) int64, got {found}")

    def __len__(self) -> int:
        return len(self.labels if self.images is None else self.images)

    def __getitem__(self, rows: slice) -> ImageSet:
        """Return consecutive images, without copying them."""
        images = None if self.images is None else self.images[rows]
        return ImageSet(images, self.labels[rows], self.groups[rows])

    def take(self, positions: Int64s) -> ImageSet:
        """Return a copy of the images at `positions`, (M,) int64, in that order."""
        images = None if self.images is None else self.images[positions]
        return ImageSet(images, self.labels[positions], self.groups[positions])

    def sample(self, size: int | None, seed: int) -> ImageSet:
        """Return a random subset in the original order; everything for None or a larger `size`.

        Under one seed, a larger sample contains every smaller one.
        """
        if size is None or size >= len(self):
            return self
        chosen = np.random.default_rng(seed).permutation(len(self))[:size]
        return self.take(np.sort(chosen))


@dataclass(frozen=True)
class Dataset:
    """Images to train on, images to search with, images to search, and the right answers.

    Labels index `classes` and groups index `group_names`, in all three parts alike. If the test
    images are both queries and gallery, `query is gallery` holds and `relevance` ignores each
    query itself. Test classes may differ from those trained on. They may also all be
    :data:`UNLABELLED`, if only the relevance is published.

    Attributes:
        name: its name in params.yaml.
        classes: names of the classes.
        group_names: names of the groups.
        train: the images to train on.
        query: the images to search with.
        gallery: the images to search.
        relevance: which gallery images are relevant to each query.
        map_at: how many results the benchmark's mean average precision counts; None for all.
        trapezoidal: whether the benchmark also has average precision of the whole ranking by
            trapezoids.
        notes: what readers of a report have to know of it, in sentences.

    Raises:
        InputError: a label or group has no name, or the training set or the gallery has a single
            class, so that there is nothing to learn or to rank.
    """

    name: str
    classes: tuple[str, ...]
    group_names: tuple[str, ...]
    train: ImageSet
    query: ImageSet
    gallery: ImageSet
    relevance: Relevance
    map_at: int | None = None
    trapezoidal: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in ("train", "query", "gallery"):
            items: ImageSet = getattr(self, part)
            self._check_names(part, "labels", items.labels, self.classes)
            self._check_names(part, "groups", items.groups, self.group_names)
            only = self.classes[items.labels[0]] if np.ptp(items.labels) == 0 else None
            known_by_class = part in ("train", "gallery") and only != UNLABELLED
            if only is not None and known_by_class:
                raise InputError(
                    f"{self.name}: {part}: expected at least two classes, got one, {only!r}"
                )

    def _check_names(self, part: str, key: str, values: Int64s, names: tuple[str, ...]) -> None:
        low, high = int(values.min()), int(values.max())
        if low < 0 or high >= len(names):
            raise InputError(
                f"{self.name}: {part} {key}: expected 0 to {len(names) - 1}, got {low} to {high}"
            )
