"""An application that writes all the time, and knows what its table must hold."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import psycopg

from live.kills.models import OLD, vectors

_PAUSE = 0.01  # seconds between writes
_PATIENCE = 60  # seconds without a server


class Writer:
    """Inserts, changes and deletes documents.

    Attributes:
        expected: id -> text of what the table must hold.
        writes: how many there were.
    """

    def __init__(self, url: str, expected: dict[int, str], seed: int) -> None:
        self.expected, self.writes = expected, 0
        self.paused = threading.Lock()  # whoever holds it keeps the application from writing
        self._url, self._rng = url, np.random.default_rng([seed, 1])
        self._next = max(expected) + 1
        self._stopped = threading.Event()
        self._connection: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.error: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            while not self._stopped.wait(_PAUSE):
                with self.paused:
                    self._write()
        except BaseException as error:
            self.error = error

    def _write(self) -> None:
        kind = self._rng.random()
        if kind < 0.35:
            key, text = self._next, f"written {self.writes}"
            self._next += 1
            self._do(
                "insert into documents values (%s, %s, %s) on conflict do nothing",
                (key, text, literal(text)),
            )
            self.expected[key] = text
        elif kind < 0.75:
            key, text = self._some(), f"changed {self.writes}"
            self._do(
                "update documents set body = %s, embedding = %s where id = %s",
                (text, literal(text), key),
            )
            self.expected[key] = text
        else:
            key = self._some()
            self._do("delete from documents where id = %s", (key,))
            del self.expected[key]
        self.writes += 1

    def _some(self) -> int:
        keys = list(self.expected)
        return keys[int(self._rng.integers(len(keys)))]

    def _do(self, statement: str, values: tuple[Any, ...]) -> None:
        """Write, and again if the server died before it answered: each write may be repeated."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(self._url, autocommit=True)
                self._connection.execute(statement, values)
                return
            except psycopg.OperationalError:
                self._connection = None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def literal(text: str) -> str:
    return str(vectors([text], OLD)[0].tolist())


def create(url: str, count: int) -> dict[int, str]:
    """A table of documents with old vectors and an index; what it holds."""
    expected = {key: f"document {key}" for key in range(count)}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create extension vector")
        connection.execute(
            f"create table documents (id bigint primary key, body text, embedding vector({OLD}))"
        )
        connection.execute("create index on documents using hnsw (embedding vector_cosine_ops)")
        with connection.cursor().copy("copy documents from stdin") as copy:
            for key, text in expected.items():
                copy.write_row((key, text, literal(text)))
    return expected
