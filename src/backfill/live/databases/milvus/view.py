"""The user's collection beside the migration's, with what was set up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.databases.milvus.clients import Client, Missing
from backfill.live.databases.milvus.collections import KEY, PRINT
from backfill.live.databases.milvus.paging import PAGE, Paging, Row
from backfill.live.databases.milvus.settings import MilvusSettings
from backfill.live.databases.milvus.setups import Prepared
from backfill.live.databases.milvus.shape import Shape, vector_of
from backfill.live.fingerprint import fingerprint, text_of
from backfill.live.terms import Id

_PAGE_BYTES = 16_000_000  # of vectors
_FLOAT32 = 4


@dataclass(frozen=True)
class View:
    """Both collections.

    Attributes:
        client: of the database.
        settings: of the user's collection.
        shape: of the user's collection.
        new: name of the collection of new vectors.
        prepared: what was set up; None before.
        consistency: of what is read, as Milvus calls it.
    """

    client: Client
    settings: MilvusSettings
    shape: Shape
    new: str
    prepared: Prepared | None
    consistency: str = "Strong"

    @property
    def old(self) -> str | None:
        """Field of the old vectors; None after they were given up."""
        given_up = self.prepared is not None and self.prepared.old_given_up
        return None if given_up else self.settings.vector

    @property
    def _user(self) -> Paging:
        name = self.settings.collection
        return Paging(self.client, name, self.shape.id, self.consistency)

    @property
    def _new(self) -> Paging:
        return Paging(self.client, self.new, KEY, self.consistency)

    @property
    def text(self) -> list[str]:
        """Fields that make an item's key and its content."""
        return list(dict.fromkeys([self.shape.id, *self.settings.content]))

    def content(self, row: Row) -> list[object]:
        """The parts of an item's content."""
        return [row.get(column) for column in self.settings.content]

    def print_of(self, row: Row) -> str:
        """The fingerprint of an item's current content."""
        assert self.prepared is not None
        return fingerprint(self.prepared.model, text_of(self.content(row)))

    def prints(self, ids: Iterable[Id]) -> dict[Id, str]:
        """Fingerprints beside the new vectors of those of the items that have one."""
        return {key: row[PRINT] for key, row in self.new_rows(ids, [PRINT]).items()}

    def new_rows(self, ids: Iterable[Id], fields: Sequence[str]) -> dict[Id, Row]:
        """Those of the items that have a new vector, by their keys."""
        try:
            return self._new.of(ids, fields)
        except Missing:
            return {}

    def rows(self, ids: Iterable[Id], fields: Sequence[str], condition: str = "") -> dict[Id, Row]:
        """Those of the user's rows that are there and hold a condition, by their keys."""
        return self._user.of(ids, fields, condition)

    def pages(
        self, fields: Sequence[str], condition: str = "", width: int = 0, size: int = PAGE
    ) -> Iterator[list[Row]]:
        """All of the user's rows that hold a condition, in the order of their keys.

        Args:
            fields: that are read.
            condition: that they hold.
            width: of vectors among the fields; makes pages shorter.
            size: most rows of a page.
        """
        size = min(size, _PAGE_BYTES // (_FLOAT32 * width)) if width else size
        return self._user.all(fields, condition, max(size, 1))

    def new_keys(self) -> Iterator[list[Id]]:
        """Keys of all new vectors."""
        for page in self._new.all([KEY]):
            yield [row[KEY] for row in page]

    def items(self, rows: Sequence[Row]) -> list[Row]:
        """Those of the rows that have content or an old vector."""
        if not self.may_be_none:
            return list(rows)
        bare = [row[self.shape.id] for row in rows if not _any(self.content(row))]
        kept = set(self.vectors(bare))
        return [row for row in rows if _any(self.content(row)) or row[self.shape.id] in kept]

    @property
    def may_be_none(self) -> bool:
        """Whether there may be rows that have neither content nor an old vector."""
        fields = [self.shape.fields.get(column) for column in self.settings.content]
        bare = all(field is None or field.get("nullable") for field in fields)
        return bare and (self.shape.nullable or self.old is None)

    def vectors(self, ids: Sequence[Id]) -> dict[Id, Float32s]:
        """Old vectors of those of the items that have one."""
        if self.old is None or not ids:
            return {}
        found = self.rows(ids, [self.shape.id, self.old])
        vectors = {key: vector_of(row.get(self.old)) for key, row in found.items()}
        return {key: vector for key, vector in vectors.items() if vector is not None}

    def is_done(self, row: Row, print_: str | None) -> bool:
        """Whether the fingerprint beside an item's new vector is that of its current content."""
        return print_ is not None and print_ == self.print_of(row)


def require(prepared: Prepared | None, name: str) -> Prepared:
    """What was set up.

    Raises:
        InputError: nothing was.
    """
    if prepared is None:
        raise InputError(f"{name}: expected a migration that was started, got none")
    return prepared


def _any(content: Sequence[object]) -> bool:
    return any(part is not None for part in content)
