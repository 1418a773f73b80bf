"""What every dataset loads into: three sets of labelled images and who is relevant to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backfill.datasets.image_files import ImageFiles
from backfill.errors import InputError
from backfill.relevance import Relevance

# The class of test images of which only the relevance is known.
UNLABELLED = "(unlabelled)"


@dataclass(frozen=True)
class ImageSet:
    """Images with one class and one group each.

    ``images`` is (N, C, H, W) uint8, in memory, memory-mapped, or files yet to be decoded;
    ``labels`` and ``groups`` are (N,) int64. A group is a second, coarser description that no
    training sees (a superclass, a typeface), for results broken down by subgroup.

    Raises :class:`InputError` if a shape or type differs, or if there is no image.
    """

    images: NDArray[np.uint8] | ImageFiles
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]

    def __post_init__(self) -> None:
        images = self.images
        if not isinstance(images, ImageFiles) and (images.ndim != 4 or images.dtype != np.uint8):
            found = f"{images.shape} {images.dtype}"
            raise InputError(f"images: found {found}, expected (N, C, H, W) uint8")
        if 0 in images.shape:
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

    def sample(self, size: int | None, seed: int) -> ImageSet:
        """Return ``size`` images at random, in their order; all of them for None or if fewer."""
        if size is None or size >= len(self):
            return self
        # The head of one permutation: a larger sample contains every smaller one.
        chosen = np.random.default_rng(seed).permutation(len(self))[:size]
        return self.take(np.sort(chosen))


@dataclass(frozen=True)
class Dataset:
    """Images to train on, images to search with, images to search, and the right answers.

    Labels index ``classes`` and groups index ``group_names``, in all three sets alike. Where the
    test set is query and gallery at once, ``query is gallery`` holds and ``relevance`` ignores
    each query itself. Test classes may be other classes than those trained on, or, where only the
    relevance is known, all be :data:`UNLABELLED`. ``map_at`` is the length of the ranking that
    the benchmark's mean average precision looks at; None for all of it.

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
    map_at: int | None = None

    def __post_init__(self) -> None:
        for split in ("train", "query", "gallery"):
            part: ImageSet = getattr(self, split)
            self._check_names(split, "labels", part.labels, self.classes)
            self._check_names(split, "groups", part.groups, self.group_names)
            only = self.classes[part.labels[0]] if np.ptp(part.labels) == 0 else None
            known_by_class = split == "train" or (split == "gallery" and only != UNLABELLED)
            if only is not None and known_by_class:
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
