"""The rule of carried vectors, in LanceDB's SQL.

They stand in a column of their own, each beside a copy of the old vector that it was made from, and
beside the fingerprint of the content of that moment. The copy decides. Fingerprints are compared
much faster, and an application that changes content changes the old vector with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from backfill.live.databases.lancedb.rule import Carried, Rule
from backfill.live.databases.lancedb.sql import quoted


@dataclass(frozen=True)
class Carrying:
    """What is true of the carried vector of an item, as SQL.

    Attributes:
        rule: of items.
        old: column of the old vectors.
        columns: of carried vectors.
    """

    rule: Rule
    old: str
    columns: Carried

    @classmethod
    def of(cls, rule: Rule) -> Carrying | None:
        """Of items; None if no vectors are carried forward."""
        return cls(rule, rule.old, rule.carried) if rule.old and rule.carried else None

    @property
    def seen(self) -> str:
        """The item waits, and its content is that of the moment in which it was carried."""
        return f"({self.rule.waits}) AND {quoted(self.columns.print)} = {self.rule.current}"

    @property
    def carried(self) -> str:
        """The item waits, and its old vector is the one that was carried, too."""
        return f"{self.seen} AND {quoted(self.columns.source)} = {quoted(self.old)}"

    @property
    def changed(self) -> str:
        """The item waits, and its old vector has changed without its content."""
        return f"{self.seen} AND {quoted(self.columns.source)} <> {quoted(self.old)}"

    @property
    def known(self) -> str:
        """The item waits and has an old vector, which was not carried with this content."""
        mark = quoted(self.columns.print)
        new = f"{mark} IS NULL OR {mark} <> {self.rule.current}"
        return f"({self.rule.waits}) AND {quoted(self.old)} IS NOT NULL AND ({new})"

    @property
    def as_given(self) -> str:
        """Of a merge: content and old vector are those of the row that is to be written."""
        old = quoted(self.old)
        return f"({self.rule.as_claimed}) AND target.{old} = source.{old}"

    @property
    def needed(self) -> str:
        """The item waits and has an old vector, which was not carried."""
        return f"({self.known}) OR ({self.changed})"
