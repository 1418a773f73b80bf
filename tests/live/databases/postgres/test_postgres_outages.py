"""The server ends at any moment, and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from application import MODEL, NEW, OLD, fill, vector_of
from in_postgres import applications

from backfill.errors import InputError
from backfill.live.terms import Query, Setup, State


@pytest.fixture(scope="module")
def starts() -> Iterator[Any]:
    """A server of its own, as it is killed."""
    with applications() as make:
        yield make


@pytest.fixture
def application(starts, tmp_path) -> Any:
    made = starts(folder=tmp_path)
    fill(made, 12)
    return made


def test_what_a_killed_server_had_is_there_and_work_goes_on(application: Any) -> None:
    server = application.server
    database = application.open(patience=30)
    database.prepare(Setup(MODEL, NEW))
    asked = Query(vector_of("a", OLD), vector_of("a", NEW))
    database.search([asked], 3)
    with database.claim(6) as batch:
        server.kill()
        back = threading.Timer(0.3, server.start)
        back.start()
        vectors = np.stack([vector_of(item.text, NEW) for item in batch.items])
        assert batch.write(vectors) == 6
        back.join()
    assert (database.counts().done, database.counts().waiting) == (6, 6)
    server.kill()
    server.start()
    (sides,) = database.search([asked], 12)
    assert (len(sides.done), len(sides.waiting)) == (6, 6)
    with database.claim(12) as batch:
        assert len(batch.items) == 6
    server.kill()
    server.start()
    assert database.swap(State(phase="running"), 0)
    assert database.state().state.phase == "running"


def test_a_server_that_stays_away_is_one_mistake_after_patience(application: Any) -> None:
    database = application.open(patience=0.5)
    database.prepare(Setup(MODEL, NEW))
    application.server.kill()
    try:
        began = time.monotonic()
        with pytest.raises(InputError, match="database") as caught:
            database.counts()
        assert time.monotonic() - began < 10
        assert "\n" not in str(caught.value)
        assert application.server.password not in str(caught.value)
    finally:
        application.server.start()


def test_a_refused_password_is_not_tried_again(application: Any) -> None:
    url = application.url.replace(application.server.password, "s3cret")
    database = application.open(url=url, patience=60)
    began = time.monotonic()
    with pytest.raises(InputError, match="password authentication failed") as caught:
        database.counts()
    assert time.monotonic() - began < 5
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(database)


def test_a_search_that_takes_too_long_is_one_mistake(application: Any) -> None:
    database = application.open(statement_timeout=0.2)
    database.prepare(Setup(MODEL, NEW))
    application.connection.execute("begin")
    application.run("lock table {table} in access exclusive mode")
    with pytest.raises(InputError, match="statement_timeout"):
        database.search([Query(vector_of("a", OLD), None)], 3)
    application.connection.execute("rollback")
