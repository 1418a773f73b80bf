"""Which items a worker takes next, and how their vectors are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.databases.milvus.clients import patient
from backfill.live.databases.milvus.collections import KEY, PRINT, VECTOR
from backfill.live.databases.milvus.paging import Row
from backfill.live.databases.milvus.view import View, require
from backfill.live.fingerprint import text_of
from backfill.live.sharing import Part, in_part, ranking
from backfill.live.terms import Id, Item

_FLUSHED_AFTER = 2000  # rows


def waiting(
    view: View, first: Sequence[Id], stale: set[Id], part: Part
) -> Iterator[tuple[Any, Id]]:
    """Items that are known to wait: what to sort by, and the key.

    Args:
        view: of both collections.
        first: keys that come before all others.
        stale: what `reconcile` found, which comes before those.
        part: of the items.
    """
    rank = ranking(require(view.prepared, view.new).order, first)
    for id_ in stale:
        if in_part(id_, part):
            yield (False, rank(id_)), id_
    key = view.shape.id
    for page in view.pages(view.text if view.may_be_none else [key]):
        written = view.prints(row[key] for row in page)
        for row in view.items([row for row in page if row[key] not in written]):
            if in_part(row[key], part):
                yield (True, rank(row[key])), row[key]


def claimed(view: View, ids: Sequence[Id]) -> list[Row]:
    """Those of the items that wait."""
    rows, prints = view.rows(ids, view.text), view.prints(ids)
    return view.items([row for id_, row in rows.items() if not view.is_done(row, prints.get(id_))])


class Upkeep:
    """Lets Milvus Lite index what was written; until then it copies all of it for each search.

    A server does so by itself.
    """

    def __init__(self) -> None:
        self._rows = 0

    def wrote(self, view: View, rows: int) -> None:
        """Count rows that were written."""
        self._rows += rows
        if view.client.lite and self._rows >= _FLUSHED_AFTER:
            self.flush(view)

    def flush(self, view: View) -> None:
        """Let it index all."""
        if view.client.lite and self._rows:
            view.client.call("flush", view.new)
            self._rows = 0


class Claim:
    """Items with their content as it was read, which is what their vectors are written for.

    Args:
        view: in which they were read.
        rows: that were read.
        upkeep: told of what is written.
    """

    def __init__(self, view: View, rows: Sequence[Row], upkeep: Upkeep) -> None:
        self._view, self._upkeep, self.patience = view, upkeep, view.settings.patience
        self.items: Sequence[Item] = [
            Item(row[view.shape.id], text_of(view.content(row)), view.print_of(row)) for row in rows
        ]

    def write(self, vectors: Float32s) -> int:
        """Write each vector with its fingerprint, if the row's content is what was claimed.

        Milvus does not write on a condition. Content that changes after it was compared gets a
        vector that is not its own, with a fingerprint that says so.

        Raises:
            InputError: not one vector per item, or of another width, or not finite.
        """
        shape = (len(self.items), require(self._view.prepared, self._view.new).width)
        vectors = np.asarray(vectors, np.float32)
        if vectors.shape != shape or not np.isfinite(vectors).all():
            raise InputError(f"vectors: expected finite ones of shape {shape}, got {vectors.shape}")
        return self._write(vectors) if self.items else 0

    @patient
    def _write(self, vectors: Float32s) -> int:
        view = self._view
        with view.client.together:
            there = view.rows([item.id for item in self.items], view.text)
            rows = [
                {KEY: item.id, VECTOR: vector, PRINT: item.fingerprint}
                for item, vector in zip(self.items, vectors.tolist(), strict=True)
                if item.id in there and view.is_done(there[item.id], item.fingerprint)
            ]
            if rows:
                view.client.call("upsert", view.new, rows)
                self._upkeep.wrote(view, len(rows))
        return len(rows)
