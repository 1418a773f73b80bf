"""Measures that compare with other lists: overlap, negative flips."""

from __future__ import annotations

import numpy as np

from backfill.arrays import Float64s
from backfill.measures.lists import Lists
from backfill.measures.registry import measure


@measure("overlap")
def overlap(lists: Lists, k: int | None) -> Float64s:
    """Share of the reference's first k items that are among the first k; needs no judgements.

    NaN for a query to which the reference has no item.
    """
    here, there = lists.ranked[:, :k], lists.compared[:, :k]
    both = np.sort(np.concatenate([here, there], axis=1), axis=1)
    common = ((both[:, 1:] == both[:, :-1]) & (both[:, 1:] >= 0)).sum(axis=1)
    size = (there >= 0).sum(axis=1)
    return np.where(size > 0, common / np.maximum(size, 1), np.nan)


@measure("flips")
def negative_flips(lists: Lists, k: int | None) -> Float64s:
    """1 if the reference has a relevant item among its first k and the list has not, else 0.

    NaN for a query to which the reference has none: the mean is the share of its hits that are
    lost.

    Source:
        RACT (Zhang et al., Hot-Refresh Model Upgrades with Regression-Alleviating Compatible
        Training in Image Retrieval, ICLR 2022), eq. 12.
    """
    had = lists.reference_hits[:, :k].any(axis=1)
    has = (lists.gains[:, :k] > 0).any(axis=1)
    return np.where(had, ~has, np.nan)
