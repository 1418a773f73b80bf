"""Both sides of a search: what one collection finds is looked up in the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from backfill.arrays import Float32s
from backfill.live.databases.milvus.collections import KEY, PRINT, VECTOR
from backfill.live.databases.milvus.exact import exactly
from backfill.live.databases.milvus.expressions import among, filtered
from backfill.live.databases.milvus.view import View
from backfill.live.terms import Filter, Hit, Query, Sides

_MORE, _GROWTH = 4, 8
WINDOW = 16_384  # the most hits that a server gives; Milvus Lite would give more


def search(
    view: View, queries: Sequence[Query], k: int, where: Filter | None, exact: bool
) -> list[Sides]:
    """The nearest items on both sides.

    An item that moves between two requests is shown on the side that it moves to.

    Args:
        view: of both collections; without a migration all items wait.
        queries: for both sides.
        k: most hits on each side.
        where: conditions on the user's fields.
        exact: compare with every vector.

    Raises:
        InputError: there is no such field.
    """
    user = filtered(where, view.shape.fields, others=view.shape.others)
    if exact:
        return exactly(view, queries, k, user)
    look = _Look(view, k, user)
    return [_both(look, query) for query in queries]


def _both(look: _Look, query: Query) -> Sides:
    waiting = look.waiting(query.waiting) if query.waiting is not None else []
    done = look.done(query.new) if query.new is not None else []
    moved = {hit.id for hit in done}
    return Sides([hit for hit in waiting if hit.id not in moved], done)


class _Found(NamedTuple):
    hits: list[Hit]  # on this side
    last: bool  # there are no further ones


class _Look:
    def __init__(self, view: View, k: int, user: str) -> None:
        self._view, self._k, self._user = view, k, user

    def waiting(self, vector: Float32s) -> list[Hit]:
        """The nearest items that are not done, of the 16,384 nearest."""
        view, field = self._view, self._view.old
        if field is None:
            return []

        def look(limit: int) -> _Found:
            found = self._nearest(view.settings.collection, field, vector, limit, view.text)
            ids = [row["id"] for row in found]
            prints = view.prints(ids) if view.prepared else {}
            hits = [
                Hit(row["id"], view.shape.cosine(row["distance"]))
                for row in found
                if not (view.prepared and view.is_done(row["entity"], prints.get(row["id"])))
            ]
            return _Found(self._with_vectors(hits), len(found) < limit)

        return self._grown(look)

    def done(self, vector: Float32s) -> list[Hit]:
        """The nearest done items, of the 16,384 nearest new vectors or of all that may be found."""
        view, chosen = self._view, ""
        if view.prepared is None:
            return []

        def look(limit: int) -> _Found:
            found = self._nearest(view.new, VECTOR, vector, limit, [PRINT], chosen)
            rows = view.rows([row["id"] for row in found], view.text, self._user)
            hits = [
                Hit(row["id"], row["distance"])
                for row in found
                if row["id"] in rows and view.is_done(rows[row["id"]], row["entity"][PRINT])
            ]
            return _Found(hits, len(found) < limit)

        hits, last = look(min(_MORE * self._k, WINDOW))
        if len(hits) >= self._k or last:
            return hits[: self._k]
        if self._user:  # few may be allowed: they are named
            page = next(view.pages([view.shape.id], self._user, size=WINDOW - 1), [])
            if len(page) < WINDOW - 1:
                chosen = among(KEY, [row[view.shape.id] for row in page])
        return self._grown(look)

    def _grown(self, look: Callable[[int], _Found]) -> list[Hit]:
        """Look at more and more, until enough are on this side."""
        limit = min(_MORE * self._k, WINDOW)
        while True:
            hits, last = look(limit)
            if len(hits) >= self._k or last or limit == WINDOW:
                return hits[: self._k]
            limit = min(limit * _GROWTH, WINDOW)

    def _nearest(
        self,
        name: str,
        field: str,
        vector: Float32s,
        limit: int,
        output: Sequence[str],
        condition: str | None = None,
    ) -> list[dict[str, Any]]:
        vector = np.asarray(vector, np.float32)
        old = condition is None
        key = self._view.shape.id if old else KEY
        (found,) = self._view.client.call(
            "search",
            name,
            [(vector / np.linalg.norm(vector)).tolist()],
            filter=self._user if condition is None else condition,
            limit=limit,
            output_fields=list(output),
            anns_field=field,
            search_params={"metric_type": self._view.shape.metric if old else "COSINE"},
            consistency_level=self._view.consistency,
        )
        return [
            {"id": hit[key], "distance": float(hit["distance"]), "entity": dict(hit["entity"])}
            for hit in found
        ]

    def _with_vectors(self, hits: list[Hit]) -> list[Hit]:
        """Without those that have no old vector: they are found as if it were zeros."""
        if not self._view.shape.nullable:
            return hits
        unsure = [hit.id for hit in hits if not hit.cosine]
        there = self._view.vectors(unsure)
        return [hit for hit in hits if hit.cosine or hit.id in there]
