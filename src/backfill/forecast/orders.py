"""Orders of backfilling that need neither labels nor new vectors, for galleries of any size."""

from __future__ import annotations

from typing import NamedTuple

import faiss
import numpy as np

from backfill.align.maps import unit
from backfill.arrays import Array, Float32s, Float64s, Int64s
from backfill.retrieval.nearest import unit_blocks

NEIGHBOURS = 10
ANCHORS = 20_000  # items whose neighbours are counted, at most
_COUNTED = 200_000  # items up to which neighbours are searched for exactly
_BLOCK = 2**16


def random(size: int, seed: int) -> Int64s:
    """(N,) rows in random order."""
    return np.random.default_rng([seed, 10]).permutation(size)


def hubs(old: Array, seed: int, k: int = NEIGHBOURS) -> Int64s:
    """Order by how many items have an item among their k nearest in the old space, most first.

    Such hubs are near many queries too. The in-degree is counted over all items, or over 20,000
    drawn ones. Ties are broken at random.

    Args:
        old: (N, d) old vectors.
        seed: of the draws.
        k: neighbours of each item.

    Source:
        k-occurrence: Radovanovic, Nanopoulos & Ivanovic, Hubs in Space, JMLR 2010.
    """
    rng = np.random.default_rng([seed, 11])
    anchors = np.arange(len(old))
    if len(anchors) > ANCHORS:
        anchors = np.sort(rng.permutation(len(old))[:ANCHORS])
    k = min(k, len(old) - 1)
    rows = unit(old[:])
    _, near = faiss.knn(unit(old[anchors]), rows, k + 1, faiss.METRIC_INNER_PRODUCT)
    others = near[near != anchors[:, None]]
    return most_first(np.bincount(others[others >= 0], minlength=len(old)).astype(np.float64), rng)


def hubs_affordable(size: int) -> bool:
    """Whether hubs of so many items are found in about a minute."""
    return size <= _COUNTED


class NearKnown(NamedTuple):
    """The k nearest known items of each of N items in the old space, the item itself aside.

    Attributes:
        cosines: (N, k) to them.
        places: (N, k) where they are among the known items.
    """

    cosines: Float32s
    places: Int64s


def near_known(old: Array, rows: Int64s, known_old: Float32s, k: int = NEIGHBOURS) -> NearKnown:
    """Find them, block by block.

    Args:
        old: (N, d) old vectors of the gallery; read once.
        rows: (n,) gallery rows of the known items.
        known_old: (n, d) their old vectors, of unit length.
        k: how many.

    Raises:
        InputError: a row is not finite or has no direction.
    """
    k = min(k, len(rows) - 1)
    found = []
    for first, block in unit_blocks("old", old, slice(0, len(old)), _BLOCK):
        cosines, places = faiss.knn(block, known_old, k + 1, faiss.METRIC_INNER_PRODUCT)
        others = rows[places] != np.arange(first, first + len(block))[:, None]
        others[others.all(axis=1), -1] = False  # not known itself: one too many
        found.append(NearKnown(cosines[others].reshape(-1, k), places[others].reshape(-1, k)))
    return NearKnown(*map(np.concatenate, zip(*found, strict=True)))


def near_known_affordable(size: int, known: int) -> bool:
    """Whether the nearest known items of so many items are found in about a minute."""
    return size * known <= _COUNTED * ANCHORS


def dense(near: NearKnown, seed: int) -> Int64s:
    """Order by how near the nearest known items are, nearest first.

    They are a sample, so that this goes from the densest regions to the sparsest ones. Neighbours
    switch at about the same time, and most rankings are then of one system.
    """
    return most_first(near.cosines.mean(axis=1), np.random.default_rng([seed, 13]))


def coverage(near: NearKnown, seed: int) -> Int64s:
    """Order by how far away the nearest known items are, farthest first: what no map has seen."""
    return most_first(-near.cosines.mean(axis=1), np.random.default_rng([seed, 14]))


def alignment_error(near: NearKnown, error: Array, seed: int) -> Int64s:
    """Order by how wrong a map is expected to be, most first.

    Args:
        near: the nearest known items.
        error: (n,) one minus the cosine of each known item's new vector and its old one, mapped by
            a map of other items.
        seed: of the order among equals.
    """
    return most_first(error[near.places].mean(axis=1), np.random.default_rng([seed, 15]))


def asked_most(nearest: Int64s, weights: Float64s | None, size: int, seed: int) -> Int64s:
    """Order by how often a query log asks for an item, most first; then at random.

    Args:
        nearest: (Q, k) gallery rows that the old system finds; -1 where there is none.
        weights: (Q,) how often each query is asked.
        size: N.
        seed: of the order among equals.
    """
    each = np.ones(len(nearest)) if weights is None else weights
    there = nearest >= 0
    counts = np.bincount(
        nearest[there], np.broadcast_to(each[:, None], nearest.shape)[there], minlength=size
    )
    return most_first(counts, np.random.default_rng([seed, 12]))


def most_first(score: Array, rng: np.random.Generator) -> Int64s:
    """(N,) rows by falling score, equals in random order."""
    shuffled = rng.permutation(len(score))
    return shuffled[np.argsort(-score[shuffled], kind="stable")]


def position_of(order: Int64s) -> Int64s:
    """(N,) each row's place in an order."""
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    return position
