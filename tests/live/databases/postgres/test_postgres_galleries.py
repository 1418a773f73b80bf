"""Galleries of many kinds: keys, vectors, indexes, rights, schemas."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest
from application import MODEL, NEW, OLD, Row, fill, row, vector_of

from backfill.errors import InputError
from backfill.live.databases.postgres import statements
from backfill.live.terms import Query, Setup


@pytest.fixture
def make(servers, tmp_path) -> Any:
    return lambda **options: servers["postgres"](folder=tmp_path, **options)


def asked(text: str, width: int = NEW) -> Query:
    return Query(vector_of(text, OLD), vector_of(text, width))


def write(database: Any, limit: int, width: int = NEW) -> list[Any]:
    with database.claim(limit) as batch:
        batch.write(np.stack([vector_of(item.text, width) for item in batch.items]))
        return [item.id for item in batch.items]


def assert_as_exact(database: Any, query: Query, where: Any = None) -> None:
    for _ in range(2):  # as it is asked whether many wait, and as it is known
        (found,) = database.search([query], 5, where)
        (exact,) = database.search([query], 5, where, exact=True)
        for ours, theirs in ((found.waiting, exact.waiting), (found.done, exact.done)):
            assert [hit.id for hit in ours] == [hit.id for hit in theirs]
            np.testing.assert_allclose(
                [hit.cosine for hit in ours], [hit.cosine for hit in theirs], atol=1e-5
            )
    assert found.waiting


@pytest.mark.parametrize("carried", [None, 6])
def test_an_index_finds_what_comparing_does(
    make: Any, monkeypatch: pytest.MonkeyPatch, carried: int | None
) -> None:
    monkeypatch.setattr(statements, "few", lambda view: 5)
    application = make()
    fill(application, 60)
    database = application.open()
    database.prepare(Setup(MODEL, NEW, carried=carried))
    query = asked("text 3")
    if carried is not None:
        rows = database.uncarried(60)
        database.carry(rows.ids, rows.vectors, rows.vectors[:, :carried])
        query = query._replace(waiting=vector_of("text 3", carried))
    for count in (10, 30, 17):
        write(database, count)
        assert_as_exact(database, query)
        if carried is None or count != 17:
            assert_as_exact(database, query, {"colour": ["red", "blue"]})


@pytest.mark.parametrize(
    ("vector", "index", "note"),
    [
        (f"vector({OLD})", "hnsw ({vector} vector_ip_ops)", "another measure"),
        (f"vector({OLD})", "hnsw ({vector} vector_l2_ops)", "another measure"),
        (f"vector({OLD})", "ivfflat ({vector} vector_cosine_ops) with (lists = 1)", None),
        (f"vector({OLD})", None, "No index"),
        (f"vector({OLD})", "hnsw ({vector} vector_cosine_ops) where {id} > 3", "No index"),
        (f"halfvec({OLD})", "hnsw ({vector} halfvec_cosine_ops)", None),
        (f"vector({OLD})", "hnsw (({vector}::halfvec(8)) halfvec_cosine_ops)", None),
        ("vector", "hnsw (({vector}::vector(8)) vector_cosine_ops)", None),
    ],
)
def test_old_vectors_are_searched_by_their_index(
    make: Any, monkeypatch: pytest.MonkeyPatch, vector: str, index: str | None, note: str | None
) -> None:
    monkeypatch.setattr(statements, "few", lambda view: 0)
    application = make(vector=vector, index=index, hostile=True)
    application.insert({n: row(n)._replace(vector=vector_of(f"text {n}", OLD)) for n in range(20)})
    database = application.open()
    facts = database.facts(NEW)
    assert facts.missing == []
    assert facts.width == OLD
    assert len(facts.notes) == (note is not None)
    if note is not None:
        assert note in facts.notes[0]
    database.prepare(Setup(MODEL, NEW))
    write(database, 8)
    assert_as_exact(database, asked("text 3"))


def test_an_index_of_another_measure_is_not_used_for_vectors_of_many_lengths(make: Any) -> None:
    application = make(index="hnsw ({vector} vector_ip_ops)")
    fill(application, 20)
    database = application.open()
    assert "cannot" in database.facts(NEW).notes[0]
    database.prepare(Setup(MODEL, NEW))
    assert_as_exact(database, asked("text 3"))


@pytest.mark.parametrize("width", [2000, 2001, 4000])
def test_wide_vectors_are_indexed_at_half_precision(make: Any, width: int) -> None:
    application = make()
    fill(application, 12)
    database = application.open()
    assert any("half precision" in note for note in database.facts(width).notes) == (width > 2000)
    database.prepare(Setup(MODEL, width))
    write(database, 8, width)
    assert_as_exact(database, asked("text 3", width))
    statement = "select indexdef from pg_indexes where tablename = 'trial_new' order by 1"
    assert "hnsw" in str(application.connection.execute(statement).fetchall())


def test_vectors_that_no_index_takes_are_missing(make: Any) -> None:
    application = make()
    fill(application, 3)
    assert "4,000" in application.open().facts(4001).missing[0]
    with pytest.raises(InputError, match="4,000"):
        application.open().prepare(Setup(MODEL, 4001))


@pytest.mark.parametrize("key", ["uuid", "varchar(40)", "smallint"])
def test_keys_are_of_many_types(make: Any, key: str) -> None:
    application = make(key=key)
    keys: list[Any] = list(range(5))
    if key != "smallint":
        keys = [f"00000000-0000-0000-0000-00000000000{n}" for n in keys]
    application.insert({k: row(n) for n, k in enumerate(keys)})
    database = application.open()
    database.prepare(Setup(MODEL, NEW, order="id", first=keys[4:]))
    assert write(database, 2) == [keys[4], keys[0]]
    assert set(database.new_vectors(keys)) == {keys[4], keys[0]}
    assert [k for rows in database.rows() for k in rows.ids] == keys
    (sides,) = database.search([asked("text 4")], 1)
    assert sides.done[0].id == keys[4]


def test_a_key_that_is_not_unique_is_missing(make: Any) -> None:
    application = make()
    application.run("alter table {table} drop constraint items_pkey")
    assert "unique" in application.open().facts(NEW).missing[0]


def test_what_an_account_may_not_do_is_missing(make: Any) -> None:
    application = make()
    application.connection.execute("drop role if exists reader")
    application.connection.execute("create role reader login password 'p'")
    application.run("grant select on {table} to reader")
    url = application.url.replace(f"postgres:{application.server.password}", "reader:p")
    missing = application.open(url=url).facts(NEW).missing
    assert ["schema" in missing[0], "trigger" in missing[1]] == [True, True]
    application.run("revoke select on {table} from reader")
    with pytest.raises(InputError, match="permission denied"):
        application.open(url=url).facts(NEW)


def test_several_columns_of_content_are_one_text(make: Any) -> None:
    application = make()
    application.run("alter table {table} add title text, add data json")
    application.insert({1: row(1), 2: Row(None, None, None), 3: Row(None, None, None)})
    application.run("update {table} set title = 'T' where {id} < 3")
    application.run("update {table} set data = '{{}}' where {id} = 1")
    database = application.open(content=["title", "body", "data"])
    database.prepare(Setup(MODEL, NEW, order="id"))
    assert database.counts().items == 2
    with database.claim(5) as batch:
        assert [item.text for item in batch.items] == ["T\ntext 1\n{}", "T"]
    application.run("update {table} set data = '[]' where {id} = 1")
    with database.claim(1) as batch:
        assert batch.items[0].text == "T\ntext 1\n[]"


def test_pgvector_and_the_gallery_may_be_in_schemas_of_their_own(make: Any) -> None:
    application = make()
    fill(application, 12)
    for statement in (
        'create schema "a.b"', "create schema extensions",
        "alter extension vector set schema extensions", 'alter table items set schema "a.b"',
    ):  # fmt: skip
        application.connection.execute(statement)
    database = application.open(in_schema="a.b")
    database.prepare(Setup(MODEL, NEW, carried=6))
    write(database, 6)
    assert len(database.search([asked("a")._replace(waiting=vector_of("a", 6))], 9)[0].done) == 6
    database.rollback()


def test_a_start_that_did_not_end_is_made_anew_and_rolled_back(make: Any) -> None:
    application = make()
    fill(application, 12)
    before = application.image()
    database = application.open()
    database.prepare(Setup(MODEL, NEW))
    # Killed after its first transaction: tables and triggers are there, and no record is.
    application.connection.execute("delete from backfill.migrations")
    application.connection.execute("delete from backfill.trial_waiting")
    with pytest.raises(InputError, match="started"):
        application.open().counts()
    other = application.open()
    other.prepare(Setup("another model", NEW + 1))
    assert len(write(other, 12, NEW + 1)) == 12
    application.connection.execute("delete from backfill.migrations")
    application.open().rollback()
    assert application.image() == before


def test_what_depends_on_old_vectors_is_named_at_the_end(make: Any) -> None:
    application = make()
    fill(application, 3)
    application.connection.execute("create view seen as select embedding from items")
    database = application.open()
    database.prepare(Setup(MODEL, NEW))
    write(database, 3)
    with pytest.raises(InputError, match="depend"):
        database.finish(keep_old=False)
    assert database.counts().done == 3
    database.rollback()
    with pytest.raises(psycopg.errors.UndefinedTable):
        application.connection.execute("select 1 from backfill.trial_new")
