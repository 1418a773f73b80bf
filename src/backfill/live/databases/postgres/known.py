"""What is known of a gallery, so that not every statement begins with the catalogue."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg

from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.settings import PostgresSettings
from backfill.live.databases.postgres.view import View, view

T = TypeVar("T")
_BARE_LASTS = 1.0  # seconds for which a gallery is taken to have no migration still
_OUTDATED = (
    psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName,
    psycopg.errors.FeatureNotSupported, psycopg.DataError,
)  # fmt: skip


class Known:
    """The view of a gallery, kept until the database contradicts it.

    Args:
        name: of the migration.
        settings: of the database.
    """

    def __init__(self, name: str, settings: PostgresSettings) -> None:
        self._name, self._settings = name, settings
        self._view: View | None = None
        self._looked_at = 0.0

    def forget(self) -> None:
        """Look again before the next statement."""
        self._view = None

    def use(
        self, connection: Connection, work: Callable[[Connection, View], T], *, bare: bool = False
    ) -> T:
        """Work with what is known; look again if it is not so any more, and work anew.

        Args:
            connection: to work with.
            work: is safe to repeat.
            bare: that there is no migration may be known for a second: `work` then does what was
                right a second ago.
        """
        known = self._view
        if known is None or not (known.found or (bare and self._is_fresh())):
            known = self._look(connection)
        try:
            return work(connection, known)
        except _OUTDATED:
            connection.rollback()
            return work(connection, self._look(connection))

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._looked_at < _BARE_LASTS

    def _look(self, connection: Connection) -> View:
        self._looked_at = time.monotonic()
        found = self._view = view(connection, self._name, self._settings)
        return found
