"""Both sides of a search as one list, by scores that can be compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill.align.maps import unit
from backfill.live.base import Hit, Id, Query, Sides
from backfill.live.serving import COSINES, Serving


class Result(NamedTuple):
    """An item that was found.

    Attributes:
        id: its key.
        score: comparable within one search; of two items the nearer one has the higher score.
        cosine: of the query and the vector that was searched.
        done: whether it was found by its new vector.
    """

    id: Id
    score: float
    cosine: float
    done: bool


def merge(serving: Serving, query: Query, sides: Sides, k: int) -> list[Result]:
    """Merge the two sides of one search.

    With nothing done the order is that of the waiting side, with nothing waiting that of the new
    one: exactly.

    Args:
        serving: the method.
        query: that was searched with.
        sides: what was found.
        k: most results.

    Returns:
        The first results, highest score first; of equals, backfilled ones first.
    """
    hits = [*sides.waiting, *_carried_here(serving, query, sides)]
    # One side alone has nothing to be compared with: its cosines are its scores.
    waiting, done = serving.scales(query) if hits and sides.done else (COSINES, COSINES)
    found = [Result(hit.id, waiting.score(hit.cosine), hit.cosine, False) for hit in hits]
    found += [Result(hit.id, done.score(hit.cosine), hit.cosine, True) for hit in sides.done]
    found.sort(key=lambda result: (-result.score, not result.done))
    return found[:k]


def _carried_here(serving: Serving, query: Query, sides: Sides) -> list[Hit]:
    """Waiting items whose vectors are not carried forward in the database yet."""
    if sides.uncarried is None or not sides.uncarried.ids or query.waiting is None:
        return []
    cosines = serving.carry(sides.uncarried.vectors) @ unit(query.waiting)
    return [
        Hit(key, float(cosine))
        for key, cosine in zip(sides.uncarried.ids, np.asarray(cosines), strict=True)
    ]
