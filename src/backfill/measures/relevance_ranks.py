"""Measures that know relevant from irrelevant: precision, recall, hit, RR and AP."""

from __future__ import annotations

import numpy as np

from backfill.arrays import Array, Float64s
from backfill.measures.lists import Lists
from backfill.measures.registry import measure


@measure("precision")
def precision(lists: Lists, k: int | None) -> Float64s:
    """Share of the first k ranks with a relevant item; a list that ends earlier lacks them.

    Source:
        P_k of trec_eval.
    """
    hits = lists.gains[:, :k] > 0
    return counting(lists, hits.sum(axis=1) / (k or max(1, hits.shape[1])))


@measure("recall")
def recall(lists: Lists, k: int | None) -> Float64s:
    """Share of the relevant items that are among the first k.

    Source:
        recall_k of trec_eval.
    """
    return counting(lists, (lists.gains[:, :k] > 0).sum(axis=1) / np.maximum(lists.relevant, 1))


@measure("hit")
def hit(lists: Lists, k: int | None) -> Float64s:
    """1 if a relevant item is among the first k, else 0; its mean is the CMC at rank k.

    Source:
        success_k of trec_eval.
    """
    return counting(lists, np.any(lists.gains[:, :k] > 0, axis=1))


@measure("RR")
def reciprocal_rank(lists: Lists, k: int | None) -> Float64s:
    """One over the rank of the first relevant item, 0 if it is not among the first k.

    Source:
        recip_rank of trec_eval.
    """
    hits = lists.gains[:, :k] > 0
    if not hits.shape[1]:
        return counting(lists, np.zeros(len(hits)))
    return counting(lists, hits.any(axis=1) / (hits.argmax(axis=1) + 1))


@measure("AP")
def average_precision(lists: Lists, k: int | None) -> Float64s:
    """Precision at the rank of each relevant item, 0 beyond rank k, averaged over all of them.

    The divisor is the number of relevant items, as in trec_eval and ranx. `map_at` of
    :func:`backfill.retrieval.backfill_curve` divides by k if that is less.

    Source:
        map and map_cut_k of trec_eval.
    """
    hits = lists.gains[:, :k] > 0
    precision_at = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    total = (precision_at * hits).sum(axis=1)
    return counting(lists, total / np.maximum(lists.relevant, 1))


def counting(lists: Lists, values: Array) -> Float64s:
    """(Q,) the values as float64, NaN for queries without a relevant item."""
    return np.where(lists.relevant > 0, values, np.nan)
