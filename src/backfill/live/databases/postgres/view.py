"""A gallery and its migration as a statement sees them."""

from __future__ import annotations

from dataclasses import dataclass, field

from backfill.errors import InputError
from backfill.live.databases.postgres import records
from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.names import Names
from backfill.live.databases.postgres.records import Prepared
from backfill.live.databases.postgres.settings import PostgresSettings
from backfill.live.databases.postgres.shape import Index, Shape, look

_UNIT = 1e-3  # how far a length may be from 1
_SOME = 1000  # rows whose lengths are looked at


@dataclass(frozen=True, eq=False)
class View:
    """What statements are made from.

    Attributes:
        settings: of the database.
        names: for templates.
        shape: of the gallery.
        found: what the migration was prepared for; None: it was not.
        index: what serves searches of old vectors by cosine.
        many_until: until when, by the monotonic clock, more than a few items are taken to wait.
    """

    settings: PostgresSettings
    names: Names
    shape: Shape
    found: Prepared | None
    index: Index | None
    many_until: list[float] = field(default_factory=lambda: [0.0])

    @property
    def prepared(self) -> Prepared:
        """What the migration was prepared for.

        Raises:
            InputError: it was not.
        """
        if self.found is None:
            raise InputError(f"migration {self.names.name}: expected it to be started, got none")
        return self.found


def view(connection: Connection, name: str, settings: PostgresSettings) -> View:
    """Look at the catalogue and the record.

    Raises:
        InputError: there is no such table or column.
    """
    found = records.prepared(connection, name)
    shape = look(connection, settings)
    given_up = found is not None and not found.old
    if shape.vector is None and not given_up:
        raise InputError(
            f"database.vector: expected a column of {settings.table}, got {settings.vector!r}; "
            f"it has {', '.join(shape.types)}"
        )
    names = Names(name, settings, old=shape.vector is not None)
    index = next((index for index in shape.indexes if index.measure == "cosine"), None)
    if index is None and shape.indexes and unit_lengths(connection, names):
        index = shape.indexes[0]
    return View(settings, names, shape, found, index)


def unit_lengths(connection: Connection, names: Names) -> bool:
    """Whether some of the old vectors are all of length 1, so that every measure ranks alike."""
    row = connection.execute(
        names.sql(
            "select coalesce(bool_and(abs(vector_norm({vector}::vector) - 1) < %s), true) from "
            "(select * from {table} t where {vector} is not null limit %s) t"
        ),
        (_UNIT, _SOME),
    ).fetchone()
    return bool(row and row[0])
