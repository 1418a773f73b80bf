"""Queries whose results change most, as people see them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfill.arrays import Bools, Int64s
from backfill.forecast.curves import Completed
from backfill.forecast.outcome import Shown
from backfill.reporting.escaped import printable

COUNT, FIRST = 5, 5
_LETTERS = 160  # of a text that are shown


def changed_most(
    completed: Completed,
    old: Int64s,
    new: Int64s,
    known: Bools,
    query_names: Sequence[str],
    item_names: Sequence[str],
) -> list[Shown]:
    """Choose the queries with the least overlap of both systems' first items, and show both.

    Args:
        completed: of the columns.
        old: (Q, n) columns by the old system.
        new: (Q, n) columns by the new one, as completed.
        known: (Q, M) whether an item's new vector is known.
        query_names: Q texts or ids.
        item_names: N texts or ids, which may be read lazily.
    """
    first = [columns[:, :FIRST] for columns in (old, new)]
    items = [np.take_along_axis(completed.items, np.maximum(c, 0), axis=1) for c in first]
    # Items from outside have no name.
    nameable = np.concatenate(items, axis=1).min(axis=1) >= 0
    common = (items[0][:, :, None] == items[1][:, None, :]).any(axis=2).sum(axis=1)
    is_known = np.take_along_axis(
        np.pad(known, ((0, 0), (0, completed.items.shape[1] - known.shape[1]))), first[1], axis=1
    )
    # Among equals, those of which most is known.
    ranked = np.lexsort((-is_known.sum(axis=1), common, ~nameable))[:COUNT]
    return [
        Shown(
            query=_cut(query_names[query]),
            before=[_cut(item_names[int(item)]) for item in items[0][query]],
            after=[_cut(item_names[int(item)]) for item in items[1][query]],
            known=is_known[query].tolist(),
        )
        for query in ranked.tolist()
        if nameable[query]
    ]


def _cut(text: str) -> str:
    flat = " ".join(printable(str(text)).split())
    return flat if len(flat) <= _LETTERS else f"{flat[:_LETTERS].rstrip()}…"
