"""A small table of a migration's own, which holds its state."""

from __future__ import annotations

import time

import pyarrow as pa
from lancedb.db import DBConnection
from lancedb.table import Table

from backfill.live.terms import State, Versioned

_KEY = "state"
_SETTLED = 0.2  # seconds after which no other creation is under way


class Notes:
    """One row, with a version that every swap must name.

    Args:
        database: where the table is.
        name: of the table.
    """

    def __init__(self, database: DBConnection, name: str) -> None:
        self._database, self._name = database, name

    def state(self) -> Versioned:
        """The state; a new one, of version 0, if there is none."""
        table = self._table()
        if table is None:
            return Versioned(State(), 0)
        (row,) = table.search().to_list()
        return Versioned(State.model_validate_json(row["body"]), row["version"])

    def swap(self, state: State, version: int) -> bool:
        """Replace the state if it has this version."""
        merge = self._created().merge_insert("key").use_index(False)
        merge = merge.when_matched_update_all(where=f"target.version = {version:d}")
        return bool(merge.execute(_row(state, version + 1)).num_updated_rows)

    def drop(self) -> None:
        """Remove the table."""
        self._database.drop_table(self._name, ignore_missing=True)

    def _table(self) -> Table | None:
        try:
            return self._database.open_table(self._name)
        except (ValueError, FileNotFoundError):
            return None

    def _created(self) -> Table:
        """The table; it is created with its row, at version 0, or not at all.

        LanceDB lets a creation replace one that began at the same time; it is over before anybody
        swaps.
        """
        table = self._table()
        if table is None:
            self._database.create_table(self._name, _row(State(), 0), exist_ok=True)
            time.sleep(_SETTLED)
            table = self._database.open_table(self._name)
        return table


def _row(state: State, version: int) -> pa.Table:
    return pa.table({"key": [_KEY], "version": [version], "body": [state.model_dump_json()]})
