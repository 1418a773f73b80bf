"""A table in one version, with what a migration set up in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lancedb.table import Table
from pydantic import BaseModel, ConfigDict

from backfill.errors import InputError
from backfill.live.databases.lancedb.rule import Carried, Rule
from backfill.live.databases.lancedb.settings import LanceSettings
from backfill.live.terms import Id


class Prepared(BaseModel):
    """What `prepare` was called with. It stands in the table's schema, so it is in each version."""

    model_config = ConfigDict(frozen=True)

    model: str
    width: int
    carried: int | None = None
    order: Literal["random", "id"]
    first: tuple[Id, ...]


@dataclass(frozen=True)
class Names:
    """The columns that a migration adds.

    Attributes:
        migration: its name.
        new: new vectors.
        print: their fingerprints.
        carried: of vectors that are carried forward.
    """

    migration: str
    new: str
    print: str
    carried: Carried

    @classmethod
    def of(cls, migration: str) -> Names:
        """By the name of the migration."""
        new = f"backfill_{migration}"
        carried = Carried(f"{new}_carried", f"{new}_source", f"{new}_carried_fingerprint")
        return cls(migration, new, f"{new}_fingerprint", carried)

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return (self.new, self.print, *self.carried)


@dataclass(frozen=True)
class View:
    """What is read stays as it was when this was opened.

    Attributes:
        table: in one version.
        settings: its columns.
        names: the migration's columns.
        prepared: what was set up; None before.
        rule: what is true of an item.
    """

    table: Table
    settings: LanceSettings
    names: Names
    prepared: Prepared | None
    rule: Rule

    @property
    def columns(self) -> list[str]:
        """Names of all columns."""
        return list(self.table.schema.names)

    @property
    def added(self) -> list[str]:
        """Columns of the migration that are there."""
        return [name for name in self.names.all if name in self.columns]

    def require(self) -> None:
        """Require all columns that the settings name.

        Raises:
            InputError: one is not there.
        """
        used = self.settings
        wanted = [("id", used.id), *(("content", each) for each in used.content)]
        for key, column in [*wanted, ("vector", used.vector)]:
            if column not in self.columns:
                raise InputError(
                    f"database.{key}: expected a column of {used.table}, got {column!r}"
                )

    def the_old(self) -> str:
        """The column of old vectors.

        Raises:
            InputError: it is not there.
        """
        self.require()
        return self.settings.vector
