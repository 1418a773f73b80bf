"""The rule in LanceDB's SQL: what is true of an item, computed from what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backfill.live.databases.lancedb.sql import among, literal, quoted
from backfill.live.terms import Id

STALE = ""  # instead of a fingerprint: the vector was found to be of something else


class Carried(NamedTuple):
    """Columns of what old vectors are carried forward to.

    Attributes:
        vector: what they became.
        source: the old vectors that this was made from.
        print: fingerprints of the contents that items had then.
    """

    vector: str
    source: str
    print: str


@dataclass(frozen=True)
class Rule:
    """What is true of an item, computed by the database from what it stores.

    Attributes:
        id: column of keys.
        content: columns of the text.
        old: column of the old vectors; None after they were given up.
        new: column of the new vectors.
        print: column of their fingerprints.
        model: identity of the new model.
        carried: columns of carried vectors; None if there are none.
    """

    id: str
    content: Sequence[str]
    old: str | None
    new: str
    print: str
    model: str
    carried: Carried | None = None

    @property
    def item(self) -> str:
        """It has content or an old vector."""
        columns = [*self.content, *([self.old] if self.old else [])]
        return " OR ".join(f"{quoted(column)} IS NOT NULL" for column in columns)

    @property
    def current(self) -> str:
        """The fingerprint of its current content: :func:`backfill.live.fingerprint.fingerprint`."""
        parts = ", ".join(f"CAST({quoted(column)} AS STRING)" for column in self.content)
        text = f"concat_ws(chr(10), {parts})"
        return f"encode(sha256(concat({literal(self.model)}, chr(31), {text})), 'hex')"

    @property
    def done(self) -> str:
        """Its new vector is of its current content."""
        return f"{quoted(self.print)} IS NOT NULL AND {quoted(self.print)} = {self.current}"

    @property
    def waits(self) -> str:
        """It is an item, and not done."""
        undone = f"{quoted(self.print)} IS NULL OR {quoted(self.print)} <> {self.current}"
        return f"({self.item}) AND ({undone})"

    @property
    def known_to_wait(self) -> str:
        """It has no new vector yet, or `reconcile` found it stale."""
        known = f"{quoted(self.print)} IS NULL OR {quoted(self.print)} = {literal(STALE)}"
        return f"({self.item}) AND ({known})"

    @property
    def stale(self) -> str:
        """It has a new vector that is not of its current content."""
        return f"{quoted(self.new)} IS NOT NULL AND ({self.waits})"

    @property
    def found_stale(self) -> str:
        """It is stale, and `reconcile` did not find it yet."""
        return f"{quoted(self.print)} <> {literal(STALE)} AND ({self.waits})"

    def keys(self, ids: Iterable[Id]) -> str:
        """Its key is one of these."""
        return among(self.id, ids)

    @property
    def as_claimed(self) -> str:
        """Of a merge: its content is that of the row that is to be written."""
        return " AND ".join(
            f"(target.{c} = source.{c} OR (target.{c} IS NULL AND source.{c} IS NULL))"
            for c in map(quoted, self.content)
        )
