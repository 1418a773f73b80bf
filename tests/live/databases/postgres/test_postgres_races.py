"""An application goes on writing, at any moment and in any isolation level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from application import MODEL, NEW, fill, row, vector_of

from backfill.live.base import Batch, Database
from backfill.live.terms import Setup

LEVELS = ["read committed", "repeatable read", "serializable"]


@pytest.fixture
def application(servers, tmp_path) -> Any:
    made = servers["postgres"](folder=tmp_path)
    fill(made, 12)
    return made


@pytest.fixture
def database(application) -> Iterator[Database]:
    opened = application.open()
    opened.prepare(Setup(MODEL, NEW, carried=6))
    yield opened
    opened.close()


@pytest.fixture(params=LEVELS)
def session(application, request) -> Iterator[Any]:
    """A transaction of the application's, open, with its snapshot taken; it waits for nobody."""
    with psycopg.connect(application.url, autocommit=True) as connection:
        connection.execute("set lock_timeout = '200ms'")
        connection.execute(f"begin isolation level {request.param}")
        connection.execute("select 1 from y").fetchall()

        def run(template: str, *values: Any) -> None:
            application.run(template, *values, connection=connection)

        run.commit = lambda: connection.execute("commit")
        yield run


def write(batch: Batch) -> int:
    return batch.write(np.stack([vector_of(item.text, NEW) for item in batch.items]))


def drain(database: Database) -> None:
    while True:
        with database.claim(5) as batch:
            if not batch.items:
                return
            write(batch)


def assert_all_is_done(database: Database, items: int) -> None:
    """Without `reconcile`: the notes alone have led there."""
    drain(database)
    counts = database.counts()
    assert (counts.items, counts.done, counts.stale, counts.orphans) == (items, items, 0, 0)


CHANGES = {
    "update": ("update {table} set {content} = 'another text' where {id} = 3", 12),
    "delete": ("delete from {table} where {id} = 3", 11),
    "move": ("update {table} set {id} = 33 where {id} = 3", 12),
    "insert": ("insert into {table} ({id}, {content}) values (33, 'another text')", 13),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_before_the_write_and_committed_after_it_is_seen(
    database: Database, session: Any, change: str
) -> None:
    statement, items = CHANGES[change]
    with database.claim(12) as batch:
        session(statement)
        assert write(batch) == 12
    session.commit()
    assert database.counts().waiting <= 1
    assert_all_is_done(database, items)


@pytest.mark.parametrize("change", CHANGES)
def test_a_transaction_that_began_before_the_write_changes_what_was_written(
    database: Database, session: Any, change: str
) -> None:
    statement, items = CHANGES[change]
    with database.claim(12) as batch:
        write(batch)
    session(statement)
    session.commit()
    assert_all_is_done(database, items)


def test_claimed_items_are_changed_and_deleted_without_waiting(
    database: Database, session: Any
) -> None:
    with database.claim(12) as batch:
        for statement, _ in CHANGES.values():
            if "33" not in statement:
                session(statement)
        session("update {table} set {content} = 'another text' where {id} = 4")
        session.commit()
        assert write(batch) == 10
    assert_all_is_done(database, 11)


def test_an_item_that_is_deleted_and_inserted_again_is_done_again(
    application: Any, database: Database, session: Any
) -> None:
    drain(database)
    session("delete from {table} where {id} = 3")
    session("insert into {table} ({id}, {content}) values (3, 'text 3')")
    session.commit()
    application.delete([4])
    application.insert({4: row(4)})
    assert_all_is_done(database, 12)


def test_an_old_vector_that_changes_while_it_is_carried_is_carried_anew(
    database: Database, session: Any
) -> None:
    rows = database.uncarried(12)
    session("update {table} set {vector} = array_fill(1, array[8])::real[]::vector where {id} = 3")
    carried = np.ones((12, 6), np.float32)
    assert database.carry(rows.ids, rows.vectors, carried) == 12
    session.commit()
    assert database.uncarried(12).ids == [3]


def test_an_item_that_changes_all_the_time_is_claimed_once(
    application: Any, database: Database
) -> None:
    for number in range(30):
        application.update(3, text=f"text {number} of many")
    with database.claim(5) as batch:
        assert batch.items[0].text == "text 29 of many"
        write(batch)
    waiting = application.connection.execute("select id from backfill.trial_waiting").fetchall()
    assert (3,) not in waiting


def test_an_account_that_may_only_write_the_gallery_goes_on(
    application: Any, database: Database
) -> None:
    application.connection.execute("drop role if exists shop")
    application.connection.execute("create role shop")
    application.run("grant all on {table} to shop")
    application.connection.execute("set role shop")
    application.update(3, text="another text")
    application.delete([4])
    application.connection.execute("reset role")
    assert_all_is_done(database, 11)


def test_the_claim_of_a_worker_that_dies_ends(application: Any, database: Database) -> None:
    other = application.open()
    with other.claim(12) as held:
        with database.claim(12) as batch:
            assert batch.items == []
        application.connection.execute(
            "select pg_terminate_backend(%s, 5000)", (held.connection.info.backend_pid,)
        )
        with database.claim(12) as batch:
            assert len(batch.items) == 12
            # What the other has paid for is right all the same.
            assert write(held) == 12
    assert_all_is_done(database, 12)
