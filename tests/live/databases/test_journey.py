"""Whole migrations, from the old system to the new one and back."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from application import NEW, OLD, Application, Make, fill, key, row
from journeys import nearest, opened, query

from backfill.errors import InputError
from backfill.live import OnDemand, Router
from backfill.live.ending import finish, roll_back
from backfill.live.planning import plan
from backfill.live.starting import start, write_known
from backfill.live.status import status
from backfill.live.verifying import verify
from backfill.live.worker import Worker
from backfill.live.working import work

METHOD = "old_query_calibrated"  # every database can serve it
ASKED = ("a question", "another one", "text 3")


@pytest.fixture
def application(make: Make) -> Application:
    found = make()
    fill(found, 60)
    return found


def ids(router: Router, text: str, k: int = 10) -> list[object]:
    return [result.id for result in router.search(query(text), k, exact=True)]


def test_it_serves_one_system_at_both_ends_and_goes_back(
    application: Application, tmp_path: Path
) -> None:
    before = application.image()
    migration = opened(application, tmp_path, method=METHOD)
    router = Router(migration)
    for text in ASKED:
        assert ids(router, text) == nearest(application, text, OLD, 10)
    start(migration)
    router = Router(migration)
    for text in ASKED:
        assert ids(router, text) == nearest(application, text, OLD, 10)
    assert write_known(migration) == 40
    assert status(migration).counts.done == 40
    work(migration)
    found = verify(migration)
    assert found.passed, found
    assert (found.counts.done, found.compared, found.probe and found.probe.recall) == (60, 32, 1.0)
    for text in ASKED:
        assert ids(router, text) == nearest(application, text, NEW, 10)
    assert finish(migration, keep_old=True)
    for text in ASKED:
        assert ids(Router(migration), text) == nearest(application, text, NEW, 10)
    roll_back(migration)
    assert application.image() == before
    for text in ASKED:
        assert ids(Router(migration), text) == nearest(application, text, OLD, 10)
    assert status(migration).state.phase == "absent"


def test_content_is_embedded_once(application: Application, tmp_path: Path) -> None:
    migration = opened(application, tmp_path, method=METHOD)
    assert migration.new.width == NEW
    embedded_texts = importlib.import_module("journey_models").CALLS
    embedded_texts.clear()
    for _ in range(2):  # the second time as after a stop
        start(migration)
        write_known(migration)
        work(migration)
    assert sorted(embedded_texts) == sorted(f"text {number}" for number in range(60))


def test_changes_of_the_application_are_embedded(application: Application, tmp_path: Path) -> None:
    migration = opened(application, tmp_path, method=METHOD)
    start(migration)
    work(migration)
    first, second = (key(n, whole=application.whole) for n in (5, 6))
    fresh = key(99, whole=application.whole)
    application.update(first, text="changed")
    application.delete([second])
    application.insert({fresh: row(99)})
    work(migration)
    counts = verify(migration).counts
    assert (counts.items, counts.done, counts.stale, counts.orphans) == (60, 60, 0, 0)
    assert ids(Router(migration), "changed", 1) == [first]


def test_a_model_that_fails_pauses_and_says_why(application: Application, tmp_path: Path) -> None:
    migration = opened(application, tmp_path, method=METHOD)
    start(migration)
    broken = {"provider": "python", "patience": 0.1, "function": "journey_models:broken"}
    failing = opened(application, tmp_path, method=METHOD, new=broken)
    state = Worker(failing.database, failing.new, Router(migration)._serving).run()
    assert state.phase == "paused"
    assert "no such luck" in state.reason
    assert work(migration).phase == "paused"
    with pytest.raises(InputError, match="new: expected the model that the migration was started"):
        start(failing)


def test_the_cap_pauses_before_it_is_exceeded(application: Application, tmp_path: Path) -> None:
    limit = {"price": {"per_thousand_items": 100.0}, "cap": 3.0}
    migration = opened(application, tmp_path, method=METHOD, **limit)
    start(migration)
    state = work(migration)
    assert state.phase == "paused"
    assert state.reason.startswith("cap: ")
    assert (state.spent, state.embedded) == (pytest.approx(2.8), 28)
    assert status(migration).counts.done == 28


def test_a_query_embeds_what_it_is_about_to_return(
    application: Application, tmp_path: Path
) -> None:
    migration = opened(application, tmp_path, method=METHOD)
    start(migration)
    router = Router(migration, OnDemand(k=10, seconds=30))
    for _ in range(6):  # it begins with few, until it knows how long they take
        found = router.search(query("a question"), 10)
    assert all(result.done for result in found)
    counts = migration.database.counts()
    assert 10 <= counts.done <= 40
    cosines = [result.cosine for result in found]
    assert cosines == sorted(cosines, reverse=True)
    router.close()


def test_texts_are_embedded_by_both_models(application: Application, tmp_path: Path) -> None:
    migration = opened(application, tmp_path, method=METHOD)
    router = Router(migration)
    expected = nearest(application, "a question", OLD, 10)
    assert [r.id for r in router.search("a question", exact=True)] == expected
    start(migration)
    work(migration)
    found = Router(migration).search("a question", exact=True)
    assert [r.id for r in found] == nearest(application, "a question", NEW, 10)


def test_a_filter_holds_on_both_sides(application: Application, tmp_path: Path) -> None:
    migration = opened(application, tmp_path, method=METHOD)
    start(migration)
    write_known(migration)
    where = {application.colour: ["red", "blue"]}
    found = Router(migration).search(query("a question"), 60, where)
    rows = application.fetch()
    assert {rows[r.id].colour for r in found} == {"red", "blue"}
    assert len(found) == 40
    assert {r.done for r in found} == {True, False}


def test_a_router_follows_a_start_and_a_rollback_by_others(
    application: Application, tmp_path: Path
) -> None:
    router = Router(opened(application, tmp_path, method=METHOD))
    ids(router, ASKED[0])
    other = opened(application, tmp_path, method=METHOD)
    start(other)
    work(other)
    router._read_at = 0  # a second later
    assert ids(router, ASKED[0]) == nearest(application, ASKED[0], NEW, 10)
    roll_back(other)
    router._read_at = 0
    assert ids(router, ASKED[0]) == nearest(application, ASKED[0], OLD, 10)


def test_old_vectors_that_are_carried_forward_serve_until_then(
    application: Application, tmp_path: Path
) -> None:
    migration = opened(application, tmp_path, method="ridge")
    if not migration.database.carries:
        with pytest.raises(InputError, match="method: expected one that searches old vectors"):
            start(migration)
        return
    serving = start(migration)
    router = Router(migration)
    before = ids(router, "a question", 60)  # carried by the router
    worker = Worker(migration.database, migration.new, serving)
    assert worker.carry() == 60
    assert migration.database.counts().uncarried == 0
    assert ids(router, "a question", 60) == before
    assert len(before) == 60
    work(migration)
    assert verify(migration).passed


def test_finishing_waits_for_the_last_item(application: Application, tmp_path: Path) -> None:
    migration = opened(application, tmp_path, method=METHOD)
    with pytest.raises(InputError, match="expected a migration that was started"):
        finish(migration, keep_old=True)
    start(migration)
    with pytest.raises(InputError, match="60 items that wait"):
        finish(migration, keep_old=True)
    work(migration)
    finish(migration, keep_old=False)
    with pytest.raises(InputError, match="without --keep-old"):
        roll_back(migration)
    found = Router(migration).search("a question", exact=True)
    assert len(found) == 10


def test_a_plan_changes_nothing(application: Application, tmp_path: Path) -> None:
    before = application.image()
    found = plan(opened(application, tmp_path, price={"per_thousand_items": 2.0}))
    assert (found.items, found.widths, found.missing) == (60, (OLD, NEW), [])
    assert found.money == pytest.approx(0.12)
    assert application.image() == before
