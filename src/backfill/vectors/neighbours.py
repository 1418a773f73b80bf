"""Nearest neighbours among a few rows, in one space and in another."""

from __future__ import annotations

from typing import Any

import numpy as np

from backfill.arrays import Bools, Float32s, Float64s, Floats, Int64s

_SHUFFLES = 200


def unit(rows: Any) -> Float32s:
    """(n, D) float32 rows of length 1; zero rows stay zero."""
    found = np.nan_to_num(np.asarray(rows, np.float32))
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(length == 0, 1, length))


def nearest(rows: Any, k: int) -> Int64s:
    """(n, k) the most similar other rows of each, by the cosine."""
    vectors = unit(rows)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argpartition(-similarity, k - 1, axis=1)[:, :k]


def shared(old: Floats, new: Floats, k: int) -> Float64s:
    """(n,) the share of each item's k old neighbours that are among its k new ones.

    Args:
        old: (n, d1).
        new: (n, d2) the same items.
        k: how many neighbours, fewer than n.
    """
    return np.asarray((_marks(nearest(old, k)) & _marks(nearest(new, k))).sum(axis=1) / k)


def by_chance(old: Floats, new: Floats, k: int) -> Float64s:
    """(200,) the mean of :func:`shared` after the rows of `new` were shuffled, so many times."""
    lists, after = nearest(old, k), _marks(nearest(new, k))
    rng, means = np.random.default_rng(0), np.empty(_SHUFFLES)
    for i in range(_SHUFFLES):
        shuffled = rng.permutation(len(old))
        means[i] = after[shuffled[:, None], shuffled[lists]].mean()
    return means


def _marks(lists: Int64s) -> Bools:
    marks = np.zeros((len(lists), len(lists)), bool)
    np.put_along_axis(marks, lists, True, axis=1)
    return marks
