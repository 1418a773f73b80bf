"""Items that get no vector are set aside and named, and all others are done."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from application import OLD, Application, Make, Row, fill, key, vector_of
from journeys import opened, query

from backfill.errors import InputError
from backfill.live import OnDemand, Router, aside
from backfill.live.ending import finish
from backfill.live.opened import Opened
from backfill.live.starting import start
from backfill.live.states import change
from backfill.live.status import status
from backfill.live.verifying import verify
from backfill.live.worker import Worker
from backfill.live.working import work

MODELS = """
import journey_models

def picky(texts):
    if any("poison" in text for text in texts):
        raise ValueError("too long")
    return journey_models.new(texts)

def refusing(texts):
    raise ValueError("the key was refused")
"""
METHOD = "old_query_calibrated"


@pytest.fixture
def application(make: Make) -> Application:
    found = make()
    fill(found, 60)
    return found


def picky(application: Application, folder: Path, **settings: Any) -> Opened:
    (folder / "picky_models.py").write_text(MODELS)
    model = {"provider": "python", "patience": 0, "function": "picky_models:picky"}
    return opened(application, folder, new=model, method=METHOD, sample=60, **settings)


def test_the_rest_goes_on_and_they_are_named_until_they_change(
    application: Application, tmp_path: Path
) -> None:
    poisoned, bare, blank = (key(n, whole=application.whole) for n in (7, 8, 9))
    application.update(poisoned, text="poison")
    application.update(bare, text=None)
    application.update(blank, text=" ")
    migration = picky(application, tmp_path)
    start(migration)
    assert work(migration).phase == "running"
    found = status(migration, searches=False)
    assert (found.counts.done, found.counts.waiting, found.rate) == (57, 3, None)
    assert {why: set(keys) for why, keys in found.aside.items()} == {
        "ValueError: too long": {poisoned}, "no content": {bare, blank},
    }  # fmt: skip
    checked = verify(migration)
    assert (checked.passed, checked.faults, checked.aside) == (False, [], found.aside)
    for without in (0, 2):
        with pytest.raises(InputError, match=r"all set aside as they get no vector.*--without 3"):
            finish(migration, keep_old=True, without=without)
    application.update(poisoned, text="an antidote")
    application.update(bare, text="content")
    work(migration)
    found = status(migration, searches=False)
    assert (found.counts.done, found.aside) == (59, {"no content": [blank]})
    application.delete([blank])
    work(migration)
    assert verify(migration).aside == {}
    assert finish(migration, keep_old=True)


def test_it_can_be_finished_without_them(application: Application, tmp_path: Path) -> None:
    poisoned = key(7, whole=application.whole)
    application.update(poisoned, text="poison")
    migration = picky(application, tmp_path)
    start(migration)
    work(migration)
    finish(migration, keep_old=False, without=1)
    found = Router(migration).search(query("a question"), 60, exact=True)
    assert len(found) == 59
    assert poisoned not in {result.id for result in found}


def test_they_are_tried_again_on_request_and_only_then(
    application: Application, tmp_path: Path
) -> None:
    application.update(key(7, whole=application.whole), text="poison")
    migration = picky(application, tmp_path)
    start(migration)
    work(migration)
    module = importlib.import_module("picky_models")
    calls: list[str] = []
    usual, module.journey_models.new = module.journey_models.new, calls.extend
    try:
        work(migration)
        assert calls == []
        module.picky = usual
        mended = picky(application, tmp_path)  # the function is looked up anew
        work(mended)
        assert mended.database.counts().done == 59
        change(mended.database, lambda state: state.model_copy(update={"aside": {}}))
        module.journey_models.new = usual
        work(mended)
        assert mended.database.counts().done == 60
    finally:
        module.journey_models.new = usual
        importlib.reload(module)


def test_too_many_pause_and_are_named(application: Application, tmp_path: Path) -> None:
    for number in range(20, 32):
        application.update(key(number, whole=application.whole), text=f"poison {number}")
    migration = picky(application, tmp_path)
    start(migration)
    state = work(migration)
    assert state.phase == "paused"
    assert "expected at most 10, got more, the latest for: ValueError: too long" in state.reason
    assert aside.count(status(migration, searches=False).aside) == 10


def test_a_model_that_fails_for_all_sets_none_aside(
    application: Application, tmp_path: Path
) -> None:
    migration = picky(application, tmp_path)
    serving = start(migration)
    refused = {"provider": "python", "patience": 0, "function": "picky_models:refusing"}
    failing = opened(application, tmp_path, new=refused, method=METHOD)
    state = Worker(failing.database, failing.new, serving).run()
    assert (state.phase, state.aside) == ("paused", {})
    assert "the key was refused" in state.reason


def test_empty_items_are_embedded_if_that_is_asked_for(
    application: Application, tmp_path: Path
) -> None:
    application.update(key(7, whole=application.whole), text=None)
    migration = picky(application, tmp_path, embed_empty=True)
    start(migration)
    work(migration)
    assert migration.database.counts().waiting == 0


def test_traffic_leaves_them_alone(application: Application, tmp_path: Path) -> None:
    poisoned, bare = (key(n, whole=application.whole) for n in (7, 8))
    application.update(poisoned, text="poison")
    migration = picky(application, tmp_path)
    start(migration)
    work(migration)
    fresh = key(70, whole=application.whole)
    application.insert({fresh: Row("fresh", vector_of("fresh", OLD), "red")})
    application.update(bare, text="")
    ids = [poisoned, bare, fresh]
    given = OnDemand(seconds=30).embed(migration.database, migration.new, ids)
    assert [*given] == [fresh]
    np.testing.assert_array_equal([*migration.database.new_vectors(ids)], [fresh])
