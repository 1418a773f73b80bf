"""What only Milvus needs: swaps without conditional writes, literals, leftovers, a window."""

from __future__ import annotations

from pathlib import Path

import in_milvus
import numpy as np
import pytest
from application import MODEL, NEW, OLD, Application, Make, fill, vector_of

from backfill.errors import InputError
from backfill.live.databases.milvus import searching
from backfill.live.databases.milvus.expressions import filtered, literal
from backfill.live.databases.milvus.settings import MilvusSettings
from backfill.live.terms import Query, Setup, State

SETUP = Setup(MODEL, NEW)


@pytest.fixture
def application(servers: dict[str, Make], tmp_path: Path) -> Application:
    return servers["milvus"](folder=tmp_path)


def states(application: Application) -> list[str]:
    return [name for name in application.client.list_collections() if "_state_" in name]


def test_a_swap_whose_answer_was_lost_is_not_made_twice(application: Application) -> None:
    database = application.open()
    database.prepare(SETUP)
    token = "0" * 32
    assert database._swap(State(embedded=1), 0, token)
    assert database._swap(State(embedded=1), 0, token)
    assert database.swap(State(embedded=2), 1)
    assert database._swap(State(embedded=1), 0, token)  # it was, and others came after
    assert database.state() == (State(embedded=2), 2)
    assert len(states(application)) == 1


def test_of_two_that_rename_one_loses(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, other = application.open(), application.open()
    database.prepare(SETUP)
    seen = other._states._current()
    assert database.swap(State(embedded=1), 0)
    with monkeypatch.context() as patch:  # it has read the state before the other renamed
        patch.setattr(other._states, "_current", lambda: seen)
        assert not other.swap(State(embedded=9), 0)
    assert other.state() == (State(embedded=1), 1)


def test_what_an_unfinished_rollback_left_is_no_hindrance(application: Application) -> None:
    fill(application, 5)
    database = application.open()
    database.prepare(SETUP)
    with database.claim(5) as batch:
        batch.write(np.stack([vector_of(item.text, NEW) for item in batch.items]))
    database._setups.drop()  # and the process ends
    database = application.open()
    assert database.search([Query(vector_of("a", OLD), vector_of("a", NEW))], 3)[0].done == []
    database.prepare(Setup("another model", NEW + 1))
    assert (database.counts().done, database.counts().waiting) == (0, 5)


@pytest.mark.parametrize("colour", [None, "red"])
def test_no_request_asks_for_more_than_a_server_gives(
    application: Application, monkeypatch: pytest.MonkeyPatch, colour: str | None
) -> None:
    monkeypatch.setattr(searching, "WINDOW", 8)
    fill(application, 30)
    database = application.open()
    database.prepare(SETUP)
    with database.claim(30) as batch:
        batch.write(np.stack([vector_of(item.text, NEW) for item in batch.items]))
    asked, limits = [Query(vector_of("text 3", OLD), vector_of("text 3", NEW))], []
    call = type(database._client).call

    def spy(client, method, collection, /, *args, **options):
        limits.append(options.get("limit", 0) if method == "search" else 0)
        return call(client, method, collection, *args, **options)

    monkeypatch.setattr(type(database._client), "call", spy)
    (sides,) = database.search(asked, 5, {application.colour: colour} if colour else None)
    assert max(limits) == 8
    assert sides.done[0].id == 3


def test_a_client_of_a_released_collection_loads_it(application: Application) -> None:
    fill(application, 5)
    database = application.open()
    database.prepare(SETUP)
    application.client.release_collection(in_milvus.ITEMS)
    application.client.release_collection("backfill_trial_vectors")
    assert database.counts().waiting == 5


def test_values_are_literals_and_names_are_names() -> None:
    assert literal('a"b\\\n') == r'"a\"b\\\n"'
    assert filtered({"a": ['"', 1]}, ["a"], others=False) == r'(a in ["\"", 1])'
    with pytest.raises(InputError, match="where: expected a field"):
        filtered({"a == 1 or b": 1}, ["a"], others=True)
    with pytest.raises(InputError, match="where: expected a string"):
        filtered({"a": b"1"}, ["a"], others=False)


def test_names_that_expressions_cannot_quote_are_refused() -> None:
    with pytest.raises(ValueError, match="collection"):
        MilvusSettings(uri="a.db", collection='x"; drop', content=["text"])
    assert "s3cret" not in repr(
        MilvusSettings(uri="a.db", token="s3cret", collection="x", content=["t"])
    )
