"""Where a table is: it is opened in its current version, and rows are merged into it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import lancedb
import pyarrow as pa
from lancedb.db import DBConnection
from lancedb.table import Table

from backfill.errors import InputError
from backfill.live.databases.lancedb.rule import Rule
from backfill.live.databases.lancedb.settings import LanceSettings
from backfill.live.databases.lancedb.view import Names, Prepared, View

NOTE = b"backfill"  # in the metadata of the column of fingerprints


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
            if NOTE in metadata:
                prepared = Prepared.model_validate_json(metadata[NOTE])
        rule = Rule(
            used.id,
            used.content,
            used.vector if used.vector in there else None,
            self.names.new,
            self.names.print,
            prepared.model if prepared else "",
            self.names.carried if set(self.names.carried) <= set(there) else None,
        )
        return View(table, used, self.names, prepared, rule)

    def merge(self, rows: pa.Table, condition: str) -> int:
        """Replace columns of those rows for which a condition holds, in one commit; how many.

        Args:
            rows: the key and further columns.
            condition: on `source`, the given row, and `target`, the stored one.
        """
        # An index on the key would make a conditional merge of some columns panic.
        merge = self.table().merge_insert(self.settings.id).use_index(False)
        merge = merge.when_matched_update_all(where=condition)
        timeout = timedelta(seconds=self.settings.timeout)
        return int(merge.execute(rows, timeout=timeout).num_updated_rows)
