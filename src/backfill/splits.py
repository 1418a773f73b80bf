"""Who trains on what: parts of the training set, one an encoder generation.

Each allocation is a function from the training set's labels (and groups) to named parts, arrays of
rows in ascending order. `old` and `new` are those of a single upgrade.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backfill.errors import InputError

Rows = np.ndarray[Any, np.dtype[np.int64]]


def extended_class(labels: Rows, fraction: float, seed: int) -> dict[str, Rows]:
    """The old encoder sees a random `fraction` of the classes, the new one all.

    The setting of Table 1 in Seo et al. (2023), with 0.5.

    Args:
        labels: (N,) class of each training image.
        fraction: share of the classes, in (0, 1]; rounded to whole classes.
        seed: of the choice.

    Raises:
        InputError: fewer than two classes for the old encoder.
    """
    chosen = np.isin(labels, _some_classes(labels, fraction, seed))
    return {"old": np.flatnonzero(chosen), "new": np.arange(len(labels))}


def open_class(labels: Rows, fraction: float, seed: int) -> dict[str, Rows]:
    """The old encoder sees a random `fraction` of the classes, the new one the others.

    RACT's open-class allocation (Zhang et al., 2022, Table 1), with 0.3. Arguments and errors as
    of :func:`extended_class`; the new encoder needs two classes as well.
    """
    chosen = np.isin(labels, _some_classes(labels, fraction, seed))
    return {"old": np.flatnonzero(chosen), "new": _enough(labels, ~chosen, fraction, "new")}


def expansion(labels: Rows, fraction: float, seed: int) -> dict[str, Rows]:
    """The old encoder sees a random `fraction` of every class's images, the new one all.

    RACT's expansion allocation, with 0.3.
    """
    chosen = _some_of_each(labels, [fraction], seed) == 0
    return {"old": np.flatnonzero(chosen), "new": np.arange(len(labels))}


def open_data(labels: Rows, fraction: float, seed: int) -> dict[str, Rows]:
    """The old encoder sees a random `fraction` of every class's images, the new one the others.

    RACT's open-data allocation, with 0.3.
    """
    chosen = _some_of_each(labels, [fraction], seed) == 0
    return {"old": np.flatnonzero(chosen), "new": _enough(labels, ~chosen, fraction, "new")}


def sequential(labels: Rows, fractions: Sequence[float], seed: int) -> dict[str, Rows]:
    """Generations `gen0`, `gen1`, ... see growing, nested shares of every class.

    RACT's sequential upgrades (section 5.4 there), with 0.3, 0.6, 0.8, 1.

    Raises:
        InputError: the fractions do not rise.
    """
    if list(fractions) != sorted(set(fractions)):
        raise InputError(f"fractions: {list(fractions)}, expected rising shares")
    first = _some_of_each(labels, fractions, seed)
    return {f"gen{g}": np.flatnonzero(first <= g) for g in range(len(fractions))}


def biased(
    labels: Rows, groups: Rows, minority: Sequence[int], fraction: float, seed: int
) -> dict[str, Rows]:
    """The old encoder sees a random `fraction` of the minority groups, the new one all.

    Args:
        labels: (N,) classes.
        groups: (N,) group of each image.
        minority: the groups that the old encoder rarely sees.
        fraction: share of them that it sees.
        seed: of the choice.

    Raises:
        InputError: all or none of the images are of the minority, or fewer than two classes are
            left for the old encoder.
    """
    rare = np.isin(groups, list(minority))
    if rare.all() or not rare.any():
        raise InputError(f"minority: {rare.sum()} of {len(rare)} images, expected a part of them")
    seen = np.random.default_rng(seed).random(len(labels)) < fraction
    old = _enough(labels, ~rare | seen, fraction, "old")
    return {"old": old, "new": np.arange(len(labels))}


def _some_classes(labels: Rows, fraction: float, seed: int) -> Rows:
    """A random share of the classes, at least two."""
    classes = np.unique(labels)
    if len(classes) < 2:
        raise InputError(f"dataset: {len(classes)} class in the training set, expected at least 2")
    count = round(fraction * len(classes))
    if not 2 <= count <= len(classes):
        raise InputError(
            f"fraction: {fraction} of {len(classes)} classes is {count}, "
            f"expected 2 to {len(classes)}"
        )
    return np.random.default_rng(seed).choice(classes, count, replace=False)


def _some_of_each(labels: Rows, fractions: Sequence[float], seed: int) -> Rows:
    """(N,) the first of the rising shares that each image belongs to; every class in each share."""
    rng = np.random.default_rng(seed)
    first = np.full(len(labels), len(fractions))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        ends = [max(1, round(fraction * len(members))) for fraction in fractions]
        for share in reversed(range(len(fractions))):
            first[members[: ends[share]]] = share
    return first


def _enough(
    labels: Rows, chosen: np.ndarray[Any, np.dtype[np.bool_]], fraction: float, encoder: str
) -> Rows:
    """Rows of the `old` or `new` encoder, of at least two classes."""
    left, classes = len(np.unique(labels[chosen])), len(np.unique(labels))
    if left < 2:
        raise InputError(
            f"fraction: {fraction} leaves the {encoder} encoder {left} of {classes} classes, "
            "expected at least 2"
        )
    return np.flatnonzero(chosen)
