"""What the database's errors mean: try again, or let the user mend something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from backfill.errors import InputError
from backfill.live.databases.postgres.settings import PostgresSettings

# Of SQLSTATE: the server goes or comes, has no room, or two transactions were in each other's way.
_PASSING = ("08", "57P01", "57P02", "57P03", "53300", "55P03", "40001", "40P01", "25P03")
# What a server says of a refused connection, which has no SQLSTATE here.
_REFUSED = ("authentication failed", "no password", "does not exist", "pg_hba.conf", "permission")


def passing(error: BaseException) -> bool:
    """Whether the same may succeed a little later."""
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is not None:
        return error.sqlstate.startswith(_PASSING)
    return isinstance(error, psycopg.OperationalError) and not any(
        said in str(error) for said in _REFUSED
    )


@contextmanager
def translated(settings: PostgresSettings) -> Iterator[None]:
    """Say what the user can mend in one line.

    Raises:
        InputError: instead of the database's errors.
    """
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise InputError(
            f"database.statement_timeout: expected an answer within {settings.statement_timeout} s,"
            " got none"
        ) from None
    except (
        psycopg.OperationalError, psycopg.ProgrammingError, psycopg.DataError,
        psycopg.errors.DependentObjectsStillExist, psycopg.errors.ObjectNotInPrerequisiteState,
    ) as error:  # fmt: skip
        lines = str(error).strip().splitlines()
        raise InputError(
            f"database: expected it to answer, got: {lines[0] if lines else ''}"
        ) from (None)


def check(url: str) -> None:
    """Require a URL that can be read.

    Parsers quote what they cannot read, and that may be a password: nothing is said of it.

    Raises:
        InputError: it cannot be read.
    """
    try:
        host = str(conninfo_to_dict(url).get("host", ""))
    except psycopg.ProgrammingError:
        host = "@"
    if "@" in host:
        raise InputError(
            "database.url: expected postgresql://user:password@host:port/database, with special "
            "characters of the password as %-codes, got something else"
        ) from None
