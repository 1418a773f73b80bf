"""A migration with its database and its models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from backfill.errors import InputError
from backfill.live import stored
from backfill.live.base import Database
from backfill.live.databases import DATABASES
from backfill.live.embedders import EMBEDDERS, Embedder, EmbedderSettings
from backfill.live.serving import Serving
from backfill.live.settings import Migration, read
from backfill.live.terms import State

METHOD = "method"  # folder of the fitted method in a migration's home


@dataclass
class Opened:
    """A migration whose database answers; models are loaded when they are first needed.

    Attributes:
        migration: its settings.
        database: the gallery.
    """

    migration: Migration
    database: Database

    @classmethod
    def of(cls, file: Path) -> Self:
        """Read the file and connect.

        Raises:
            InputError: the file is not as expected, or the database does not answer.
        """
        migration = read(file)
        settings = migration.database
        return cls(migration, DATABASES[settings.kind].open(migration.name, settings))

    @cached_property
    def new(self) -> Embedder:
        """The successor.

        Raises:
            InputError: there is no such model.
        """
        return self._made(self.migration.new)

    @cached_property
    def old(self) -> Embedder | None:
        """The model in service; None if the file names none.

        Raises:
            InputError: there is no such model.
        """
        return None if self.migration.old is None else self._made(self.migration.old)

    def _made(self, settings: EmbedderSettings) -> Embedder:
        return EMBEDDERS[settings.provider].make(settings)

    def close(self) -> None:
        """End connections."""
        self.database.close()


def serving_of(migration: Migration, state: State) -> Serving:
    """The fitted method that a migration was started with.

    Raises:
        InputError: it is not beside the file, or another one is.
    """
    folder = migration.home / METHOD
    found = stored.digest(folder)
    if found != state.method:
        raise InputError(
            f"{folder}: expected the method that the migration was started with, got another one; "
            "copy the folder from where it was started"
        )
    return stored.read(folder)
