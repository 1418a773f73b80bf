"""Both sides of a search as one list, by scores that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from backfill.align.maps import unit
from backfill.arrays import Float32s
from backfill.live.serving import COSINES, Scales, Serving
from backfill.live.terms import Hit, Id, Query, Sides, Uncarried


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


def merge(
    serving: Serving,
    query: Query,
    sides: Sides,
    k: int,
    scales: Callable[[], Scales] | None = None,
) -> list[Result]:
    """Merge the two sides of one search.

    With nothing done the order is that of the waiting side, with nothing waiting that of the new
    one: exactly.

    Args:
        serving: the method.
        query: that was searched with.
        sides: what was found.
        k: most results.
        scales: gives those of the query, where they are computed already.

    Returns:
        The first results, highest score first; of equals, backfilled ones first.
    """
    hits = [*sides.waiting, *_carried_here(serving, query, sides)]
    # One side alone has nothing to be compared with: its cosines are its scores.
    waiting, done = COSINES, COSINES
    if hits and sides.done:
        waiting, done = serving.scales(query) if scales is None else scales()
    found = [Result(hit.id, waiting.score(hit.cosine), hit.cosine, False) for hit in hits]
    found += [Result(hit.id, done.score(hit.cosine), hit.cosine, True) for hit in sides.done]
    found.sort(key=lambda result: (-result.score, not result.done))
    return found[:k]


def moved(sides: Sides, query: Float32s, vectors: Mapping[Id, Float32s]) -> Sides:
    """The sides after some of the waiting items got new vectors.

    Args:
        sides: that were found.
        query: (d2,) in the new space.
        vectors: the new vectors, by id.
    """
    done = [Hit(key, float(vector @ query)) for key, vector in vectors.items()]
    left = sides.uncarried
    if left is not None:
        kept = [place for place, key in enumerate(left.ids) if key not in vectors]
        left = Uncarried([left.ids[place] for place in kept], left.vectors[kept])
    waiting = [hit for hit in sides.waiting if hit.id not in vectors]
    return Sides(waiting, [*sides.done, *done], left)


def _carried_here(serving: Serving, query: Query, sides: Sides) -> list[Hit]:
    """Waiting items whose vectors are not carried forward in the database yet."""
    if sides.uncarried is None or not sides.uncarried.ids or query.waiting is None:
        return []
    cosines = serving.carry(sides.uncarried.vectors) @ unit(query.waiting)
    return [
        Hit(key, float(cosine))
        for key, cosine in zip(sides.uncarried.ids, np.asarray(cosines), strict=True)
    ]
