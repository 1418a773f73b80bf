"""Both sides of a search: contents come along, and each candidate is put on its current side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from backfill.arrays import Float32s
from backfill.live.databases.qdrant import filters
from backfill.live.databases.qdrant.carrying import left, never
from backfill.live.databases.qdrant.reading import require_keys
from backfill.live.databases.qdrant.rows import rows_of
from backfill.live.databases.qdrant.view import View
from backfill.live.terms import Filter, Hit, Id, Query, Sides, Uncarried

_MORE = 4


def search(
    view: View, queries: Sequence[Query], k: int, where: Filter | None, exact: bool
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
    waits = view.carries and any(query.waiting is not None for query in queries)
    uncarried = look.uncarried() if waits else None  # first: what is carried now is found next
    found = [_both(look, query, uncarried) for query in queries]
    if where and not any(sides.waiting or sides.done or sides.uncarried for sides in found):
        require_keys(view, where)
    return found


def _both(look: _Look, query: Query, uncarried: dict[Id, Any] | None) -> Sides:
    waiting = look.waiting(query.waiting) if query.waiting is not None else []
    done = look.done(query.new) if query.new is not None else []
    moved = {hit.id for hit in done}
    waiting = [hit for hit in waiting if hit.id not in moved]
    if uncarried is None:
        return Sides(waiting, done)
    moved |= {hit.id for hit in waiting}
    still = [point for id_, point in (uncarried | look.changed).items() if id_ not in moved]
    rows = rows_of(look.view, still, str(look.view.old))
    return Sides(waiting, done, Uncarried(rows.ids, rows.vectors))


class _Look:
    def __init__(self, view: View, k: int, user: models.Filter | None, exact: bool) -> None:
        self.view, self._k, self._user, self._exact = view, k, user, exact
        self.changed: dict[Id, Any] = {}  # points whose old vector is not the carried one

    def uncarried(self) -> dict[Id, Any]:
        """Points that wait and have no carried vector; unless exact, those that never had one."""
        look = left if self._exact else never
        return {point.id: point for point in look(self.view, self._user)}

    def waiting(self, vector: Float32s) -> list[Hit]:
        """The nearest without a new vector, and those among the others whose content changed.

        Unless the search is exact, changed ones are looked for among the nearest few only.
        """
        view, k, using = self.view, self._k, self.view.waiting
        if using is None:
            return []
        if view.prepared is None:
            return _hits(self._nearest(vector, using, k, None))
        unwritten, written = filters.lacks(view.names.print), filters.has(view.names.print)
        found = self._grown(vector, using, k, unwritten, self._is_found)
        limit = _MORE * k
        while True:
            others = self._nearest(vector, using, limit, written)
            stale = _hits(p for p in others if not view.is_done(p) and self._is_found(p))
            both = sorted(found + stale, key=lambda hit: -hit.cosine)[:k]
            whole = len(both) == k and others and others[-1].score <= both[-1].cosine
            if whole or len(others) < limit or not self._exact:
                return both
            limit *= _MORE

    def done(self, vector: Float32s) -> list[Hit]:
        """The nearest new vectors that are of current content: as many as there are, or k."""
        names = self.view.names
        if self.view.prepared is None:
            return []
        written, limit = filters.has(names.print), self._k + _MORE
        return self._grown(vector, names.new, limit, written, self.view.is_done)

    def _is_found(self, point: Any) -> bool:
        """Whether the vector by which it is found is of its old vector."""
        if not self.view.carries or self.view.is_carried(point):
            return True
        self.changed[point.id] = point
        return False

    def _grown(
        self,
        vector: Float32s,
        using: str,
        limit: int,
        side: models.Filter,
        here: Callable[[Any], bool],
    ) -> list[Hit]:
        """Look at more and more, until enough are found."""
        while True:
            points = self._nearest(vector, using, limit, side)
            found = _hits(point for point in points if here(point))
            if len(found) >= self._k or len(points) < limit:
                return found[: self._k]
            limit *= _MORE

    def _nearest(
        self, vector: Float32s, using: str, limit: int, side: models.Filter | None
    ) -> list[Any]:
        view = self.view
        return list(
            view.client.api.query_points(
                view.settings.collection,
                query=np.asarray(vector, np.float32).tolist(),
                using=using or None,
                query_filter=filters.all_of(self._user, side),
                limit=limit,
                with_payload=view.payload,
                with_vectors=view.beside or False,
                search_params=None if view.client.local else models.SearchParams(exact=self._exact),
            ).points
        )


def _hits(points: Any) -> list[Hit]:
    return [Hit(point.id, float(point.score)) for point in points]
