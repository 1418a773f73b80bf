"""Who trains on what: the part of the training set that the old encoder sees."""

from __future__ import annotations

from typing import Any

import numpy as np

from backfill.errors import InputError

Rows = np.ndarray[Any, np.dtype[np.int64]]


def extended_class(labels: Rows, old_fraction: float, seed: int) -> dict[str, Rows]:
    """The old encoder sees a random `old_fraction` of the classes, the new one all.

    The setting of Table 1 in Seo et al. (2023), with `old_fraction` 0.5.

    Args:
        labels: (N,) class of each training image.
        old_fraction: share of the classes, in (0, 1]; rounded to whole classes.
        seed: of the choice.

    Returns:
        `old` and `new`: training rows, ascending.

    Raises:
        InputError: fewer than two classes, or fewer than two of them for the old encoder.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        raise InputError(f"dataset: {len(classes)} class in the training set, expected at least 2")
    count = round(old_fraction * len(classes))
    if not 2 <= count <= len(classes):
        raise InputError(
            f"split.old_fraction: {old_fraction} of {len(classes)} classes is {count}, "
            f"expected 2 to {len(classes)}"
        )
    chosen = np.random.default_rng(seed).choice(classes, count, replace=False)
    return {"old": np.flatnonzero(np.isin(labels, chosen)), "new": np.arange(len(labels))}


ALLOCATIONS = {"extended_class": extended_class}
