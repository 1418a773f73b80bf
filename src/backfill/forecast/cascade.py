"""The cascade: the nearest items that wait are embedded on demand, and ranked anew."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill.arrays import Float64s, Int64s
from backfill.forecast.curves import Completed


def reranked(completed: Completed, columns: Int64s, k: int) -> Int64s:
    """Rank the first items of merged rankings by their new vectors.

    Args:
        completed: what the columns are of.
        columns: (Q, n) merged rankings; -1 where one has ended.
        k: how many of the first items are embedded on demand, unless they are backfilled.

    Returns:
        (Q, n) the first k by the new cosine, then the others as they were.
    """
    first = columns[:, :k]
    new = np.take_along_axis(completed.new, np.maximum(first, 0), axis=1)
    new = np.where(first < 0, -np.inf, new)
    by_new = np.argsort(-new, axis=1, kind="stable")
    return np.concatenate([np.take_along_axis(first, by_new, axis=1), columns[:, k:]], axis=1)


def waiting(completed: Completed, columns: Int64s, fraction: float, k: int) -> Float64s:
    """(Q,) how many of the first k items of merged rankings wait, and are embedded on demand."""
    first = columns[:, :k]
    switches = np.take_along_axis(completed.switches, np.maximum(first, 0), axis=1)
    return np.asarray(((first >= 0) & (switches >= fraction)).sum(axis=1), np.float64)


class Demand(NamedTuple):
    """What a query log asks of a cascade that keeps what it embeds.

    Attributes:
        embedded: (L,) embeddings that each query of the log needs.
        order: gallery rows in the order in which they are embedded.
    """

    embedded: Int64s
    order: Int64s


def demand(nearest: Int64s, log: Int64s) -> Demand:
    """Follow a cascade along a query log, from an index in which nothing is backfilled.

    Args:
        nearest: (Q, k) gallery rows that are the first for each query; -1 where there is none.
        log: (L,) which query is asked, one after the other.
    """
    there = nearest[log]
    flat = there.ravel()
    rows, first = np.unique(flat, return_index=True)
    first = np.sort(first[rows >= 0])
    embedded = np.bincount(first // nearest.shape[1], minlength=len(log))
    return Demand(embedded, flat[first])
