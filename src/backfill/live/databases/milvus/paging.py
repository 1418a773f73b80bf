"""Rows of a collection: those of given keys, or all, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backfill.live.databases.milvus.clients import Client
from backfill.live.databases.milvus.expressions import after, among, both
from backfill.live.terms import Id

PAGE = 1000  # rows; a server gives at most 16,384

Row = dict[str, Any]


@dataclass(frozen=True)
class Paging:
    """Reads one collection.

    Attributes:
        client: of the database.
        name: of the collection.
        key: its field of keys.
        consistency: of what is read, as Milvus calls it.
    """

    client: Client
    name: str
    key: str
    consistency: str

    def of(self, ids: Iterable[Id], fields: Sequence[str], condition: str = "") -> dict[Id, Row]:
        """Those of the rows that are there and hold a condition, by their keys, in this order."""
        found: dict[Id, Row] = {}
        ids = list(dict.fromkeys(ids))
        for start in range(0, len(ids), PAGE):
            these = both(among(self.key, ids[start : start + PAGE]), condition)
            rows = self.client.call(
                "query",
                self.name,
                these if condition else these[1:-1],  # bare, Milvus Lite looks keys up
                output_fields=[self.key, *fields],
                consistency_level=self.consistency,
            )
            found |= {row[self.key]: dict(row) for row in rows}
        return {id_: found[id_] for id_ in ids if id_ in found}

    def all(
        self, fields: Sequence[str], condition: str = "", size: int = PAGE
    ) -> Iterator[list[Row]]:
        """All rows that hold a condition, in the order of their keys.

        Args:
            fields: that are read; the key must be among them.
            condition: that they hold.
            size: most rows of a page.
        """
        last: Id | None = None
        while True:
            page = self.client.call(
                "query",
                self.name,
                both(condition, after(self.key, last)),
                output_fields=list(fields),
                limit=size,
                iterator="True",  # in the order of keys
                consistency_level=self.consistency,
            )
            if page:
                yield [dict(row) for row in page]
                last = page[-1][self.key]
            if len(page) < size:
                return
