"""A table in one version, with what a migration set up in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import lancedb
import pyarrow as pa
from lancedb.db import DBConnection
from lancedb.table import Table
from pydantic import BaseModel, ConfigDict

from backfill.errors import InputError
from backfill.live.base import Id, Setup
from backfill.live.databases.lancedb.settings import LanceSettings
from backfill.live.databases.lancedb.sql import Rule

_KEY = b"backfill"  # in the metadata of the column of fingerprints


class Prepared(BaseModel):
    """What `prepare` was called with. It stands in the table's schema, so it is in each version."""

    model_config = ConfigDict(frozen=True)

    model: str
    width: int
    order: Literal["random", "id"]
    first: tuple[Id, ...]


@dataclass(frozen=True)
class Names:
    """The columns that a migration adds."""

    migration: str
    new: str = field(init=False)
    print: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "new", f"backfill_{self.migration}")
        object.__setattr__(self, "print", f"backfill_{self.migration}_fingerprint")


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
        return [name for name in (self.names.new, self.names.print) if name in self.columns]

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


@dataclass(frozen=True)
class Gallery:
    """Where a table is; each view shows its current version."""

    database: DBConnection
    settings: LanceSettings
    names: Names

    @classmethod
    def connect(cls, settings: LanceSettings, names: Names) -> Gallery:
        """Connect to a database.

        Raises:
            InputError: it cannot be reached.
        """
        options = {key: value.get_secret_value() for key, value in settings.storage_options.items()}
        try:
            database = lancedb.connect(settings.uri, storage_options=options or None)
        except (ValueError, OSError, RuntimeError) as error:
            raise InputError(
                f"database.uri: expected a LanceDB database, got {settings.uri}"
            ) from error
        return cls(database, settings, names)

    def table(self) -> Table:
        """The table as it is now.

        Raises:
            InputError: it is not there.
        """
        try:
            return self.database.open_table(self.settings.table)
        except (ValueError, FileNotFoundError) as error:
            raise InputError(
                f"database.table: expected a table of the database, got {self.settings.table!r}"
            ) from error

    def view(self) -> View:
        """The table as it is now, with what was set up in it."""
        table, used = self.table(), self.settings
        there = table.schema.names
        prepared = None
        if self.names.new in there and self.names.print in there:
            metadata = table.schema.field(self.names.print).metadata or {}
            if _KEY in metadata:
                prepared = Prepared.model_validate_json(metadata[_KEY])
        rule = Rule(
            used.id,
            used.content,
            used.vector if used.vector in there else None,
            self.names.new,
            self.names.print,
            prepared.model if prepared else "",
        )
        return View(table, used, self.names, prepared, rule)

    def prepared(self) -> tuple[View, Prepared]:
        """A view of a table that was prepared.

        Raises:
            InputError: it was not.
        """
        view = self.view()
        if view.prepared is None:
            raise InputError(
                f"{self.names.migration}: expected a migration that was started, got none"
            )
        return view, view.prepared

    def prepare(self, setup: Setup) -> None:
        """Add the two columns in one commit, or note another order in them.

        Raises:
            InputError: there is a migration of another model or width.
        """
        view = self.view()
        number = pa.types.is_integer(view.table.schema.field(view.rule.id).type)
        first = tuple(int(id_) if number else str(id_) for id_ in setup.first)
        wanted = Prepared(model=setup.model, width=setup.width, order=setup.order, first=first)
        there = view.prepared
        note = wanted.model_dump_json()
        if there is None:
            view.require()
            view.table.add_columns(
                [
                    pa.field(self.names.new, pa.list_(pa.float32(), setup.width)),
                    pa.field(self.names.print, pa.string(), metadata={_KEY: note}),
                ]
            )
        elif (there.model, there.width) != (wanted.model, wanted.width):
            raise InputError(
                f"{self.names.migration}: expected the model of the migration that is there, "
                f"{there.model} of width {there.width}, got {wanted.model} of {wanted.width}"
            )
        elif there != wanted:
            change = {"path": self.names.print, "metadata": {_KEY.decode(): note}}
            view.table.update_field_metadata(change)
