"""How a migration begins and ends in the database."""

from __future__ import annotations

from contextlib import suppress
from typing import LiteralString

import psycopg

from backfill.errors import InputError
from backfill.live.databases.postgres import looking, objects, records
from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.names import identifier
from backfill.live.databases.postgres.records import Prepared
from backfill.live.databases.postgres.view import View
from backfill.live.terms import Setup

# Changing a table waits for those who use it, and others then wait for us: give way soon, and try
# again.
_GIVE_WAY: LiteralString = "set local lock_timeout = '2s'"


def prepare(connection: Connection, view: View, setup: Setup) -> None:
    """Make what is needed, then let items wait.

    The record comes last: without one, a start did not end, and is made anew.

    Raises:
        InputError: there is a migration of another model or width, or something is missing.
    """
    asked = Prepared.of(setup)
    if view.found is not None:
        if asked != view.found.model_copy(update={"old": True}):
            raise InputError(
                f"migration {view.names.name}: expected {_words(view.found)}, as it was started, "
                f"got {_words(asked)}; roll it back first"
            )
        return
    missing = looking.facts(connection, view, setup.width).missing
    if missing:
        raise InputError(f"database: expected it to be ready, got: {missing[0]}")
    with connection.transaction():
        connection.execute(_GIVE_WAY)
        objects.create(connection, view.names, view.settings, view.shape, setup)
    with connection.transaction():
        connection.execute(records.ALONE)
        if records.prepared(connection, view.names.name) is None:
            objects.fill(connection, view.names, view.shape, setup)
            records.record(connection, view.names.name, asked)
    for table in ("waiting", "uncarried")[: 1 + (setup.carried is not None)]:
        connection.execute(view.names.sql("analyze {it}", it=view.names.parts[table]), ())


def finish(connection: Connection, view: View, *, keep_old: bool) -> str:
    """Keep or drop the old vectors; new ones stay in the table beside the gallery.

    Raises:
        InputError: something of the user's depends on the column of old vectors.
    """
    names, prepared = view.names, view.prepared
    if not keep_old and prepared.old:
        with connection.transaction():
            connection.execute(_GIVE_WAY)
            objects.triggers(connection, names, view.settings, ["waiting"], old=False)
            connection.execute(
                names.sql(
                    "alter table {table} drop column if exists {column}",
                    column=identifier(view.settings.vector),
                ), ()
            )  # fmt: skip
            for table in ("carried", "uncarried"):
                connection.execute(
                    names.sql("drop table if exists {it}", it=names.parts[table]), ()
                )
            records.record(connection, names.name, prepared.model_copy(
                update={"old": False, "carried": None}))  # fmt: skip
    table = names.sql("{new}").as_string(connection).replace("%%", "%")
    return (
        f"Search the column embedding of {table} by cosine, and join the gallery on id. "
        "Changed rows get new vectors as long as a worker runs."
    )


def rollback(connection: Connection, view: View) -> None:
    """Remove what was made, and our schema if nothing else is in it.

    Raises:
        InputError: the old vectors were given up.
    """
    if view.found is not None and not view.found.old:
        raise InputError(
            f"migration {view.names.name}: expected old vectors to go back to, "
            "got none: it was finished without them"
        )
    with connection.transaction():
        connection.execute(_GIVE_WAY)
        connection.execute(records.ALONE)
        objects.drop(connection, view.names)
        if records.forget(connection, view.names.name):
            connection.execute("drop table if exists backfill.migrations")
            # It stays if a start of another migration did not end.
            with suppress(psycopg.errors.DependentObjectsStillExist), connection.transaction():
                connection.execute("drop schema if exists backfill")


def _words(setup: Prepared) -> str:
    carried = "" if setup.carried is None else f", carried to width {setup.carried}"
    return f"the model {setup.model!r} of width {setup.width}{carried}"
