"""Both sides of a search: contents come along, and each candidate is put on its current side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.base import Filter, Hit, Query, Sides
from backfill.live.databases.qdrant import filters
from backfill.live.databases.qdrant.view import View

_MORE = 4


def search(
    view: View, queries: Sequence[Query], k: int, where: Filter | None, *, exact: bool
) -> list[Sides]:
    """The nearest items on both sides.

    An item that moves between two requests to a server is shown on the side that it moves to.

    Args:
        view: of the collection; without a migration all items wait.
        queries: for both sides.
        k: most hits on each side.
        where: conditions on the payload.
        exact: compare with every vector.

    Raises:
        InputError: no point has a key that is named in `where`.
    """
    if view.prepared is None:
        view.the_old()
    look = _Look(view, k, filters.filtered(where), exact)
    found = [_both(look, query) for query in queries]
    if where and not any(sides.waiting or sides.done for sides in found):
        _require_keys(view, where)
    return found


def _both(look: _Look, query: Query) -> Sides:
    waiting = look.waiting(query.waiting) if query.waiting is not None else []
    done = look.done(query.new) if query.new is not None else []
    moved = {hit.id for hit in done}
    return Sides([hit for hit in waiting if hit.id not in moved], done)


def _require_keys(view: View, where: Filter) -> None:
    for key in where:
        if next(view.points(filters.some(key), payload=False), None) is None:
            raise InputError(f"where: expected a key that payloads have, got {key!r}")


class _Look:
    def __init__(self, view: View, k: int, user: models.Filter | None, exact: bool) -> None:
        self._view, self._k, self._user, self._exact = view, k, user, exact

    def waiting(self, vector: Float32s) -> list[Hit]:
        """The nearest without a new vector, and those among the others whose content changed.

        Unless the search is exact, changed ones are looked for among the nearest few only.
        """
        view, k = self._view, self._k
        if view.old is None:
            return []
        if view.prepared is None:
            return _hits(self._nearest(vector, view.old, k, None))
        found = _hits(self._nearest(vector, view.old, k, filters.lacks(view.names.print)))
        limit = _MORE * k
        while True:
            others = self._nearest(vector, view.old, limit, filters.has(view.names.print))
            stale = _hits(point for point in others if not view.is_done(point))
            both = sorted(found + stale, key=lambda hit: -hit.cosine)[:k]
            whole = len(both) == k and others and others[-1].score <= both[-1].cosine
            if whole or len(others) < limit or not self._exact:
                return both
            limit *= _MORE

    def done(self, vector: Float32s) -> list[Hit]:
        """The nearest new vectors that are of current content: as many as there are, or k."""
        view, limit = self._view, self._k + _MORE
        if view.prepared is None:
            return []
        while True:
            points = self._nearest(vector, view.names.new, limit, filters.has(view.names.print))
            found = _hits(point for point in points if view.is_done(point))
            if len(found) >= self._k or len(points) < limit:
                return found[: self._k]
            limit *= _MORE

    def _nearest(
        self, vector: Float32s, using: str, limit: int, side: models.Filter | None
    ) -> list[Any]:
        view = self._view
        return list(
            view.client.api.query_points(
                view.settings.collection,
                query=np.asarray(vector, np.float32).tolist(),
                using=using or None,
                query_filter=filters.all_of(self._user, side),
                limit=limit,
                with_payload=view.payload,
                with_vectors=[view.names.print] if view.prepared else False,
                search_params=None if view.client.local else models.SearchParams(exact=self._exact),
            ).points
        )


def _hits(points: Any) -> list[Hit]:
    return [Hit(point.id, float(point.score)) for point in points]
