"""Who trains on what: splits the training set into shares, one per generation of encoders.

An allocation is a function from the training set, and the settings of a row of `splits`, to named
shares: arrays of training rows in ascending order. The shares of a single upgrade are `old` and
`new`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from backfill.arrays import Bools, Int64s
from backfill.errors import InputError

Shares = dict[str, Int64s]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What an allocation knows about the training set.

    Attributes:
        labels: (N,) class of each image.
        groups: (N,) group of each image, as a position in `group_names`.
        group_names: names of the groups.
    """

    labels: Int64s
    groups: Int64s
    group_names: Sequence[str]


class SplitRow(Protocol):
    """A row of `splits`: an allocation, and the arguments of its function by name."""

    @property
    def allocation(self) -> str:
        """Name of the allocation, a key of `ALLOCATIONS`."""

    def model_dump(self) -> dict[str, Any]:
        """Return all settings of the row by name."""


def shares_of(row: SplitRow, labels: Int64s, groups: Int64s, group_names: Sequence[str]) -> Shares:
    """Split the training set as a row says.

    Args:
        row: an allocation and its settings.
        labels: (N,) class of each training image.
        groups: (N,) group of each training image, as a position in `group_names`.
        group_names: names of the groups.

    Returns:
        Rows of the training set, ascending, by the name of the share.

    Raises:
        InputError: this training set cannot be split so. The message starts with the setting.
    """
    settings = {key: value for key, value in row.model_dump().items() if key != "allocation"}
    return ALLOCATIONS[row.allocation](TrainingSet(labels, groups, group_names), **settings)


def extended_class(training: TrainingSet, fraction: float, seed: int) -> Shares:
    """The old encoder sees a random `fraction` of the classes, the new one sees all.

    Args:
        training: what is split.
        fraction: of the classes, in (0, 1]; rounded to whole classes.
        seed: of the choice.

    Raises:
        InputError: the old encoder would see fewer than two classes.

    Source: Seo et al., "Online Backfilling with No Regret for Large-Scale Image Retrieval", 2023,
    Table 1, with a fraction of 0.5.
    """
    chosen = np.isin(training.labels, _some_classes(training.labels, fraction, seed))
    return {"old": np.flatnonzero(chosen), "new": np.arange(len(chosen))}


def open_class(training: TrainingSet, fraction: float, seed: int) -> Shares:
    """The old encoder sees a random `fraction` of the classes, the new one sees the others.

    Args:
        training: what is split.
        fraction: of the classes, in (0, 1); rounded to whole classes.
        seed: of the choice.

    Raises:
        InputError: an encoder would see fewer than two classes.

    Source: RACT (Zhang et al., ICLR 2022), Table 1, with a fraction of 0.3.
    """
    chosen = np.isin(training.labels, _some_classes(training.labels, fraction, seed))
    new = _at_least_two_classes(training.labels, ~chosen, fraction, "new")
    return {"old": np.flatnonzero(chosen), "new": new}


def expansion(training: TrainingSet, fraction: float, seed: int) -> Shares:
    """The old encoder sees a random `fraction` of every class's images, the new one sees all.

    Args:
        training: what is split.
        fraction: of the images of each class, in (0, 1]; rounded, but at least one image.
        seed: of the choice.

    Source: RACT (Zhang et al., ICLR 2022), Table 1, with a fraction of 0.3.
    """
    chosen = _first_generation(training.labels, [fraction], seed) == 0
    return {"old": np.flatnonzero(chosen), "new": np.arange(len(chosen))}


def open_data(training: TrainingSet, fraction: float, seed: int) -> Shares:
    """The old encoder sees a random `fraction` of every class's images, the new one the others.

    Args:
        training: what is split.
        fraction: of the images of each class, in (0, 1); rounded, but at least one image.
        seed: of the choice.

    Raises:
        InputError: the new encoder would see fewer than two classes.

    Source: RACT (Zhang et al., ICLR 2022), Table 1, with a fraction of 0.3.
    """
    chosen = _first_generation(training.labels, [fraction], seed) == 0
    new = _at_least_two_classes(training.labels, ~chosen, fraction, "new")
    return {"old": np.flatnonzero(chosen), "new": new}


def sequential(training: TrainingSet, fractions: Sequence[float], seed: int) -> Shares:
    """Generations `gen0`, `gen1`, ... see growing, nested fractions of every class's images.

    Args:
        training: what is split.
        fractions: of the images of each class, one per generation, rising, in (0, 1].
        seed: of the choice.

    Raises:
        InputError: the fractions do not rise.

    Source: RACT (Zhang et al., ICLR 2022), section 5.4, with fractions of 0.3, 0.6, 0.8 and 1.
    """
    if list(fractions) != sorted(set(fractions)):
        raise InputError(f"fractions: expected rising fractions, got {list(fractions)}")
    first = _first_generation(training.labels, fractions, seed)
    return {f"gen{g}": np.flatnonzero(first <= g) for g in range(len(fractions))}


def biased(training: TrainingSet, minority: Sequence[str], fraction: float, seed: int) -> Shares:
    """The old encoder sees few images of some groups, the new one sees all.

    Args:
        training: what is split.
        minority: names of the groups that the old encoder rarely sees.
        fraction: of their images that it sees, in [0, 1).
        seed: of the choice.

    Raises:
        InputError: a group is unknown, the minority has all images or none, or the old encoder
            would see fewer than two classes.
    """
    names = list(training.group_names)
    unknown = sorted(set(minority) - set(names))
    if unknown:
        raise InputError(f"minority: expected some of {', '.join(names)}, got {', '.join(unknown)}")
    rare = np.isin(names, list(minority))[training.groups]
    if rare.all() or not rare.any():
        raise InputError(
            f"minority: expected groups with some of the {len(rare):,} training images but not "
            f"all, got {rare.sum():,} images"
        )
    seen = np.random.default_rng(seed).random(len(rare)) < fraction
    old = _at_least_two_classes(training.labels, ~rare | seen, fraction, "old")
    return {"old": old, "new": np.arange(len(rare))}


def undivided(training: TrainingSet) -> Shares:
    """One share, `all`: for encoders that are not trained here.

    Args:
        training: what is not split.
    """
    return {"all": np.arange(len(training.labels))}


ALLOCATIONS: dict[str, Callable[..., Shares]] = {
    "extended_class": extended_class,
    "open_class": open_class,
    "expansion": expansion,
    "open_data": open_data,
    "sequential": sequential,
    "biased": biased,
    "undivided": undivided,
}


def _some_classes(labels: Int64s, fraction: float, seed: int) -> Int64s:
    """Choose a random fraction of the classes, at least two."""
    classes = np.unique(labels)
    if len(classes) < 2:
        raise InputError(
            f"fraction: expected at least 2 classes to choose from, got {len(classes)}"
        )
    count = round(fraction * len(classes))
    if not 2 <= count <= len(classes):
        raise InputError(
            f"fraction: expected one that gives the old encoder 2 to {len(classes)} of "
            f"{len(classes)} classes, got {fraction}, which gives {count}"
        )
    return np.random.default_rng(seed).choice(classes, count, replace=False)


def _first_generation(labels: Int64s, fractions: Sequence[float], seed: int) -> Int64s:
    """Return the first generation that sees each image, (N,); every generation sees every class.

    Images that no generation sees get the number of generations.
    """
    rng = np.random.default_rng(seed)
    first = np.full(len(labels), len(fractions))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        ends = [max(1, round(fraction * len(members))) for fraction in fractions]
        for generation in reversed(range(len(fractions))):
            first[members[: ends[generation]]] = generation
    return first


def _at_least_two_classes(labels: Int64s, seen: Bools, fraction: float, encoder: str) -> Int64s:
    """Return the rows that an encoder sees; raise an InputError if they are of one class."""
    left, classes = len(np.unique(labels[seen])), len(np.unique(labels))
    if left < 2:
        raise InputError(
            f"fraction: expected one that leaves the {encoder} encoder at least 2 of {classes} "
            f"classes, got {fraction}, which leaves {left}"
        )
    return np.flatnonzero(seen)
