"""Connections: kept and used again, tried again while the server is away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
import tenacity
from pgvector.psycopg import register_vector

from backfill.live.databases.postgres.failures import check, passing, translated
from backfill.live.databases.postgres.settings import PostgresSettings

T = TypeVar("T")
Connection = psycopg.Connection[Any]
_SESSION = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",  # a claim waits for the model
    "jit": "off",
    # The claims of a worker whose machine is gone end within a minute.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class Connections:
    """Connections to one database, for any thread.

    Args:
        settings: of the database.
        more: settings of every session, beside those that all have.
    """

    def __init__(self, settings: PostgresSettings, more: dict[str, str] | None = None) -> None:
        self._url = settings.url.get_secret_value()
        check(self._url)
        self._settings = settings
        self._session = _SESSION | (more or {})
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(passing),
            wait=tenacity.wait_random_exponential(0.1, max=5),
            stop=tenacity.stop_after_delay(settings.patience),
            reraise=True,
        )

    def run(self, work: Callable[[Connection], T], *, keep: bool = False) -> T:
        """Do something that is safe to repeat, again and again while the server is away.

        Args:
            work: with a connection.
            keep: whether `work` keeps the connection if it succeeds, until `back` is called.

        Raises:
            InputError: it stays away, refuses, or what the user named is not there.
        """
        with translated(self._settings):
            for attempt in self._attempts:
                with attempt:
                    connection = self._take()
                    try:
                        done = work(connection)
                    except BaseException:
                        self.back(connection)
                        raise
                    if not keep:
                        self.back(connection)
                    return done
        raise AssertionError

    def back(self, connection: Connection) -> None:
        """Take a connection back; what it did not commit is undone."""
        if not connection.closed:
            with suppress(psycopg.Error):
                connection.rollback()
        if not connection.closed:
            with self._lock:
                self._idle.append(connection)
        else:  # if the server went away, others broke with it
            self.close()

    def close(self) -> None:
        """End all that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> Connection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        return connection or self._connect()

    def _connect(self) -> Connection:
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=self._settings.connect_timeout,
            client_encoding="utf8",
            fallback_application_name="backfill",
        )
        try:
            where = connection.execute(
                "select quote_ident(nspname) from pg_extension e "
                "join pg_namespace s on s.oid = e.extnamespace where extname = 'vector'"
            ).fetchone()
            path = "pg_catalog" if where is None else f"pg_catalog, {where[0]}"
            session = self._session | {"search_path": path}
            connection.execute(
                "select " + ", ".join(["set_config(%s, %s, false)"] * len(session)),
                [part for pair in session.items() for part in pair],
            )
            if where is not None:
                register_vector(connection)
        except BaseException:
            connection.close()
            raise
        return connection
