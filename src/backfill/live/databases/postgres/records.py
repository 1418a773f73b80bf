"""The table `migrations`: what each was prepared for, and the state that workers agree on."""

from __future__ import annotations

import secrets
from typing import LiteralString

from psycopg.types.json import Json
from pydantic import BaseModel, ConfigDict

from backfill.live.databases.postgres.connections import Connection
from backfill.live.terms import Setup, State, Versioned

# Two processes may begin at once, and `if not exists` alone does not keep them apart.
ALONE: LiteralString = "select pg_advisory_xact_lock(hashtextextended('backfill', 0))"
_THERE: LiteralString = "select to_regclass('backfill.migrations') is not null"
_TABLE: LiteralString = """
create table if not exists backfill.migrations (
    name text primary key, setup jsonb, state jsonb, version bigint not null default 0
)
"""


class Prepared(BaseModel):
    """What a migration was prepared for.

    Attributes:
        model: identity of the new model.
        width: of the new vectors.
        carried: width of what old vectors are carried forward to; None: they are not.
        old: whether the old vectors are still there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    width: int
    carried: int | None
    old: bool = True

    @classmethod
    def of(cls, setup: Setup) -> Prepared:
        """What will be recorded of a setup."""
        return cls(model=setup.model, width=setup.width, carried=setup.carried)


def create(connection: Connection) -> None:
    """Make our schema and this table, in an open transaction."""
    connection.execute(ALONE)
    connection.execute("create schema if not exists backfill")
    connection.execute(_TABLE)


def prepared(connection: Connection, name: str) -> Prepared | None:
    """What the migration was prepared for; None: it was not, or not to the end."""
    if not _there(connection):
        return None
    row = connection.execute(
        "select setup from backfill.migrations where name = %s", (name,)
    ).fetchone()
    return None if row is None or row[0] is None else Prepared.model_validate(row[0])


def record(connection: Connection, name: str, setup: Prepared) -> None:
    """Write what it is prepared for."""
    connection.execute(
        "insert into backfill.migrations (name, setup) values (%s, %s) "
        "on conflict (name) do update set setup = excluded.setup",
        (name, Json(setup.model_dump())),
    )


def forget(connection: Connection, name: str) -> bool:
    """Remove the record in an open transaction; whether it was the last."""
    if not _there(connection):
        return True
    connection.execute("delete from backfill.migrations where name = %s", (name,))
    return connection.execute("select 1 from backfill.migrations limit 1").fetchone() is None


def state(connection: Connection, name: str) -> Versioned:
    """The current state."""
    row = None
    if _there(connection):
        row = connection.execute(
            "select state, version from backfill.migrations where name = %s", (name,)
        ).fetchone()
    if row is None or row[0] is None:
        return Versioned(State(), 0)
    return Versioned(State.model_validate(row[0]), row[1])


class Swap:
    """A replacement of the state that can be tried again.

    The new version is drawn at random, so that a swap whose answer was lost is known again, and
    none can be mistaken for that of a migration before a rollback.
    """

    def __init__(self, name: str, state: State, version: int) -> None:
        self._name = name
        self._state = Json(state.model_dump())
        self._version = version
        self._next = 1 + secrets.randbits(62)

    def __call__(self, connection: Connection) -> bool:
        """Replace the state; whether its version was current."""
        swapped = 0
        if self._version == 0:
            with connection.transaction():
                create(connection)
                swapped = connection.execute(
                    "insert into backfill.migrations as m (name, state, version) "
                    "values (%s, %s, %s) on conflict (name) do update "
                    "set state = excluded.state, version = excluded.version where m.state is null",
                    (self._name, self._state, self._next),
                ).rowcount
        elif _there(connection):
            swapped = connection.execute(
                "update backfill.migrations set state = %s, version = %s "
                "where name = %s and version = %s and state is not null",
                (self._state, self._next, self._name, self._version),
            ).rowcount
        return swapped == 1 or state(connection, self._name).version == self._next


def _there(connection: Connection) -> bool:
    row = connection.execute(_THERE).fetchone()
    return bool(row and row[0])
