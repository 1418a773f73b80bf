"""Which items a worker takes next, and how their vectors are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.databases.lancedb.ending import compact
from backfill.live.databases.lancedb.passing import patient
from backfill.live.databases.lancedb.reading import texts
from backfill.live.databases.lancedb.rule import STALE
from backfill.live.databases.lancedb.sql import both
from backfill.live.databases.lancedb.tables import Gallery
from backfill.live.databases.lancedb.view import View
from backfill.live.fingerprint import fingerprint
from backfill.live.sharing import Part, in_part, ranking
from backfill.live.terms import Id, Item

_BLOCK = 10_000
_COMPACTED_AFTER = 50  # writes


def claimed(view: View, ids: Sequence[Id], more: Sequence[str] = ()) -> pa.Table:
    """Keys, contents and further columns of those of the items that wait, in this order."""
    key = view.rule.id
    places = {id_: place for place, id_ in enumerate(ids)}
    look = view.table.search().where(both(view.rule.keys(places), view.rule.waits))
    columns = list(dict.fromkeys([key, *view.rule.content, *more]))
    found = look.select(columns).limit(max(len(places), 1)).to_arrow()
    return found.take(np.argsort([places[id_] for id_ in found[key].to_pylist()]))


def waiting(view: View, part: Part) -> Iterator[tuple[Any, Id]]:
    """Items that are known to wait: what to sort by, and the key; changed ones come first."""
    assert view.prepared is not None
    look = view.table.search().where(view.rule.known_to_wait)
    blocks = look.select([view.rule.id, view.rule.print]).to_batches(_BLOCK)
    rank = ranking(view.prepared.order, view.prepared.first)
    for block in blocks:
        for id_, mark in zip(*(block.column(n).to_pylist() for n in (0, 1)), strict=True):
            if in_part(id_, part):
                yield (mark != STALE, rank(id_)), id_


class Upkeep:
    """Tidies a table now and then."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery, self._writes = gallery, 0

    def wrote(self) -> None:
        """Count a write."""
        self._writes += 1
        if self._writes % _COMPACTED_AFTER == 0:
            compact(self._gallery.table())


class Claim:
    """Items with their content as it was read, which is what their vectors are written for.

    Args:
        view: in which they were read.
        rows: keys and contents of the items.
        gallery: where they are written.
        upkeep: told of each write.
    """

    def __init__(self, view: View, rows: pa.Table, gallery: Gallery, upkeep: Upkeep) -> None:
        assert view.prepared is not None
        self._rows, self._rule, self._width = rows, view.rule, view.prepared.width
        self._gallery, self._upkeep = gallery, upkeep
        self.patience = gallery.settings.patience
        keys = rows[self._rule.id].to_pylist()
        self.items: Sequence[Item] = [
            Item(id_, text, fingerprint(self._rule.model, text))
            for id_, text in zip(keys, texts(rows, self._rule), strict=True)
        ]

    def write(self, vectors: Float32s) -> int:
        """Write the vectors in one commit, each if the row's content is still what was claimed.

        Raises:
            InputError: not one vector per item, or of another width, or not finite.
        """
        vectors = np.ascontiguousarray(vectors, np.float32)
        shape = (len(self.items), self._width)
        if vectors.shape != shape or not np.isfinite(vectors).all():
            raise InputError(f"vectors: expected finite ones of shape {shape}, got {vectors.shape}")
        if not self.items:
            return 0
        written = self._merge(vectors)
        self._upkeep.wrote()
        return written

    @patient
    def _merge(self, vectors: Float32s) -> int:
        prints = pa.array([item.fingerprint for item in self.items])
        new = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), self._width)
        rows = self._rows.append_column(self._rule.print, prints)
        rows = rows.append_column(self._rule.new, new)
        return self._gallery.merge(rows, self._rule.as_claimed)
