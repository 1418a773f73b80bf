"""Backfill orders: which gallery items are re-embedded first.

An order is a permutation of the gallery's rows; order[0] is backfilled first. Random orders draw
one from a seed; scored orders sort by a number an item, known before the item is re-embedded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import entr, softmax

from backfill.errors import InputError

Permutation = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]


def random(count: int, seed: int) -> Permutation:
    """A uniformly random order of `count` items."""
    return np.random.default_rng(seed).permutation(count)


def by_score(scores: np.ndarray[Any, Any]) -> Permutation:
    """The highest score first; equal scores by row.

    Args:
        scores: (N,) finite numbers, such as the uncertainty of each item's old embedding
            (RACT, Zhang et al., ICLR 2022, eq. 9-11: the most uncertain first).

    Raises:
        InputError: `scores` is not one-dimensional, or a score is not finite.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1:
        raise InputError(f"scores: shape {scores.shape}, expected one score an item, (N,)")
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise InputError(f"scores: {scores[row]} in row {row}, expected finite numbers")
    return np.argsort(-scores, kind="stable")


def least_confidence(class_scores: Floats) -> Floats:
    """(N,) one minus the probability of the likeliest class (RACT, eq. 9).

    Args:
        class_scores: (N, C) of a classifier on the old embeddings, before the softmax.
    """
    return np.asarray(1 - softmax(class_scores.astype(np.float64), axis=1).max(1))


def margin(class_scores: Floats) -> Floats:
    """(N,) one minus the gap between the two likeliest classes (RACT, eq. 10)."""
    top = np.sort(softmax(class_scores.astype(np.float64), axis=1), axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]))


def entropy(class_scores: Floats) -> Floats:
    """(N,) entropy of the class probabilities, in nats (RACT, eq. 11)."""
    return np.asarray(entr(softmax(class_scores.astype(np.float64), axis=1)).sum(1))
