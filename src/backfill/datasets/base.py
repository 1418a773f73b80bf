"""What every dataset loads into: three sets of labelled images and who is relevant to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backfill.errors import InputError

if TYPE_CHECKING:  # Reading settings must not pay for the retrieval code.
    from backfill.retrieval.relevance import Relevance


@dataclass(frozen=True)
class ImageSet:
    """Images with one class and one group each.

    ``images`` is (N, C, H, W) uint8, in memory or memory-mapped; ``labels`` and ``groups`` are
    (N,) int64. A group is a second, coarser description that no training sees (a superclass, a
    typeface), for results broken down by subgroup.

    Raises :class:`InputError` if a shape or type differs, or if there is no image.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != np.uint8:
            found = f"{self.images.shape} {self.images.dtype}"
            raise InputError(f"images: found {found}, expected (N, C, H, W) uint8")
        if self.images.size == 0:
            raise InputError(f"images: found shape {self.images.shape}, expected at least one")
        for key in ("labels", "groups"):
            values: NDArray[np.int64] = getattr(self, key)
            if values.shape != (len(self),) or values.dtype != np.int64:
                found = f"{values.shape} {values.dtype}"
                raise InputError(f"{key}: found {found}, expected ({len(self)},) int64")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, part: slice) -> ImageSet:
        """Return a stretch of the images, without a copy."""
        return ImageSet(self.images[part], self.labels[part], self.groups[part])

    def take(self, positions: NDArray[np.int64]) -> ImageSet:
        """Return the images at ``positions``, (M,) int64, in that order, as a copy."""
        return ImageSet(self.images[positions], self.labels[positions], self.groups[positions])


@dataclass(frozen=True)
class Dataset:
    """Images to train on, images to search with, images to search, and the right answers.

    Labels index ``classes`` and groups index ``group_names``, in all three sets alike. Where the
    test set is query and gallery at once, ``query is gallery`` holds and ``relevance`` ignores
    each query itself.

    Raises :class:`InputError` if a label or group has no name, or if the training set or the
    gallery has a single class: there is nothing to learn or to rank then.
    """

    name: str
    classes: tuple[str, ...]
    group_names: tuple[str, ...]
    train: ImageSet
    query: ImageSet
    gallery: ImageSet
    relevance: Relevance

    def __post_init__(self) -> None:
        for split in ("train", "query", "gallery"):
            part: ImageSet = getattr(self, split)
            self._check_names(split, "labels", part.labels, self.classes)
            self._check_names(split, "groups", part.groups, self.group_names)
            if split != "query" and len(np.unique(part.labels)) < 2:
                only = self.classes[part.labels[0]]
                raise InputError(
                    f"{self.name}: {split}: found one class, {only!r}, expected at least two"
                )

    def _check_names(
        self, split: str, key: str, values: NDArray[np.int64], names: tuple[str, ...]
    ) -> None:
        low, high = int(values.min()), int(values.max())
        if low < 0 or high >= len(names):
            raise InputError(
                f"{self.name}: {split} {key}: found {low} to {high}, expected 0 to {len(names) - 1}"
            )
