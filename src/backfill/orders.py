"""Backfill orders: which gallery items are re-embedded first.

An order is a permutation of the gallery's rows; order[0] is backfilled first. Random orders draw
one from a seed; scored orders sort by a number an item, known before the item is re-embedded;
`coverage` has an item of every neighbourhood backfilled before it turns to the uncertain ones.
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


def coverage(
    embeddings: Floats, scores: Floats, seed: int, *, group_size: int = 5, scored_share: float = 0.5
) -> Permutation:
    """First one item of every neighbourhood; then the rest at random and the highest scores, mixed.

    A query that a backfilled item answers is mostly answered right, wherever it lies; an order by
    uncertainty alone leaves the regions of certain items, and the queries there, without any.
    Ours. The gallery is halved along its first principal axis until no group has more than
    `group_size` items; the item nearest to a group's mean stands for it.

    Args:
        embeddings: (N, D) of unit length, of the system that ranks waiting items.
        scores: (N,) finite numbers, such as the items' uncertainty.
        seed: of the groups' order, and of the random part.
        group_size: of the largest neighbourhood, in items.
        scored_share: of the rest, how much is taken by score, in [0, 1].

    Raises:
        InputError: as :func:`by_score`, or the two differ in their number of items.
    """
    ranked = by_score(scores)
    if len(ranked) != len(embeddings):
        raise InputError(f"scores: {len(ranked)} for {len(embeddings)} embeddings")
    rng = np.random.default_rng(seed)
    groups = _halved(np.asarray(embeddings, np.float64), np.arange(len(ranked)), group_size)
    first = rng.permutation([_medoid(embeddings, group) for group in groups])

    waiting = np.ones(len(ranked), bool)
    waiting[first] = False
    order = first.tolist()
    by_chance, by_rank = iter(rng.permutation(len(ranked))), iter(ranked)
    taken = 0  # of the rest by score: never less than its share
    for place in range(len(ranked) - len(first)):
        scored = taken < scored_share * (place + 1)
        taken += scored
        item = next(i for i in (by_rank if scored else by_chance) if waiting[i])
        waiting[item] = False
        order.append(int(item))
    return np.array(order, dtype=np.int64)


def _halved(embeddings: Floats, rows: Permutation, size: int) -> list[Permutation]:
    """Groups of at most `size` rows, by halving along the axis in which they differ most."""
    if len(rows) <= size:
        return [rows]
    centred = embeddings[rows] - embeddings[rows].mean(0)
    # The first eigenvector of the (D, D) scatter matrix: D is small, and eigh needs no start.
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    ranked = rows[np.argsort(centred @ axis, kind="stable")]
    half = len(ranked) // 2
    return _halved(embeddings, ranked[:half], size) + _halved(embeddings, ranked[half:], size)


def _medoid(embeddings: Floats, group: Permutation) -> int:
    """The row whose embedding is most similar to the mean of its group."""
    chosen = embeddings[group]
    return int(group[np.argmax(chosen @ chosen.mean(0))])
