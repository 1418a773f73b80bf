"""What `backfill.live.base` promises, of every database: each test is a sentence of it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from application import MODEL, NEW, OLD, Application, Make, fill, key, row, vector_of
from steps import SETUP, assert_found, drain, embedded, query, step, truth

from backfill.errors import InputError
from backfill.live.base import Database
from backfill.live.fingerprint import fingerprint
from backfill.live.terms import Setup, State


@pytest.fixture
def database(application: Application):
    fill(application, 30)
    opened = application.open()
    opened.prepare(SETUP)
    yield opened
    opened.close()


def test_facts_are_found_without_changing_anything(application: Application) -> None:
    fill(application, 30)
    before = application.image()
    facts = application.open().facts(NEW)
    assert (facts.items, facts.width, facts.missing) == (30, OLD, [])
    assert facts.text_characters == pytest.approx(np.mean([len(f"text {n}") for n in range(30)]))
    assert facts.new_bytes > 30 * 4 * NEW
    assert (facts.carried_bytes > 30 * 4 * NEW) == application.open().carries
    assert facts.server
    assert application.image() == before


def test_before_a_migration_its_state_is_absent(application: Application) -> None:
    found = application.open().state()
    assert (found.state.phase, found.version) == ("absent", 0)


def test_all_items_wait_after_prepare(database: Database) -> None:
    counts = database.counts()
    assert (counts.items, counts.done, counts.waiting) == (30, 0, 30)
    assert (counts.stale, counts.orphans, counts.uncarried, counts.unsearchable) == (0, 0, 0, 0)


def test_an_item_has_its_text_and_its_fingerprint(database: Database) -> None:
    with database.claim(5) as batch:
        assert len(batch.items) == 5
        for item in batch.items:
            assert item.text == f"text {item.id}"
            assert item.fingerprint == fingerprint(MODEL, item.text)


def test_a_claim_is_given_back_when_its_block_ends(database: Database) -> None:
    with database.claim(30) as batch:
        first = [item.id for item in batch.items]
    with database.claim(30) as batch:
        assert sorted(item.id for item in batch.items) == sorted(first)
    assert database.counts().done == 0


def test_workers_claim_different_items(application: Application, database: Database) -> None:
    other = application.open()
    parts = [(0, 2), (1, 2)]
    with database.claim(10, parts[0]) as one, other.claim(10, parts[1]) as two:
        first, second = ({item.id for item in batch.items} for batch in (one, two))
        assert first
        assert second
        assert not first & second
        if database.shares:
            assert len(first) == len(second) == 10
    other.close()


def test_written_items_are_done_and_their_vectors_are_there(database: Database) -> None:
    done = step(database)
    assert database.counts().done == len(done) == 10
    vectors = database.new_vectors([*done, key(10_000, whole=True)])
    assert set(vectors) == set(done)
    for k, vector in vectors.items():
        np.testing.assert_allclose(vector, vector_of(f"text {k}", NEW), atol=1e-6)


def test_a_written_item_is_not_claimed_again(database: Database) -> None:
    done = drain(database)
    assert sorted(done) == list(range(30))
    assert database.counts().waiting == 0


def test_content_that_changes_while_it_is_claimed_is_not_written(
    application: Application, database: Database
) -> None:
    with database.claim(10) as batch:
        changed, gone = (item.id for item in batch.items[:2])
        application.update(changed, text="another text")
        application.delete([gone])
        assert batch.write(embedded(batch)) == 8
    assert database.new_vectors([changed, gone]) == {}
    assert (database.counts().items, database.counts().done) == (29, 8)
    drain(database)
    (vector,) = database.new_vectors([changed]).values()
    np.testing.assert_allclose(vector, vector_of("another text", NEW), atol=1e-6)
    assert database.counts().waiting == database.counts().orphans == 0


def test_an_item_that_was_done_waits_again_when_its_content_changes(
    application: Application, database: Database
) -> None:
    done = drain(database)
    application.update(done[0], text="another text")
    counts = database.counts()
    assert (counts.done, counts.waiting, counts.stale) == (29, 1, 1)
    assert database.new_vectors(done[:1]) == {}
    assert drain(database) == done[:1]
    assert database.counts().stale == 0


def test_content_that_changes_back_is_done(application: Application, database: Database) -> None:
    done = drain(database)
    application.update(done[0], text="another text")
    application.update(done[0], text=f"text {done[0]}")
    assert database.counts().done == 30
    assert drain(database) == []


def test_what_does_not_belong_to_content_changes_nothing(
    application: Application, database: Database
) -> None:
    done = drain(database)
    application.update(done[0], colour="black")
    application.update(done[0], vector=vector_of("any", OLD))
    assert database.counts().waiting == 0
    assert drain(database) == []


def test_changed_items_come_first(application: Application, database: Database) -> None:
    changed = step(database, limit=10)[0]
    application.update(changed, text="another text")
    told = changed in step(database, limit=2)
    assert told or (database.reconcile() == 1 and changed in step(database, limit=2))


def test_inserted_items_wait_and_deleted_ones_leave_nothing(
    application: Application, database: Database
) -> None:
    drain(database)
    application.insert({99: row(99)})
    application.delete([3, 4])
    counts = database.counts()
    assert (counts.items, counts.done, counts.waiting) == (29, 28, 1)
    assert drain(database) == [99]
    assert database.counts().orphans == 0
    application.insert({3: row(3)})  # the same content as before
    drain(database)
    assert database.counts().done == 30


def test_reconcile_finds_what_nobody_told_of(application: Application, database: Database) -> None:
    drain(database)
    with application.unseen():
        application.update(5, text="another text")
        application.insert({99: row(99)})
        application.delete([7])
    counts = database.counts()
    assert (counts.items, counts.done, counts.stale) == (30, 28, 1)
    assert counts.orphans <= 1  # none where old and new vectors are in one row
    assert 1 + counts.orphans <= database.reconcile() <= 3
    assert database.reconcile() == 0
    assert sorted(drain(database)) == [5, 99]
    counts = database.counts()
    assert (counts.waiting, counts.stale, counts.orphans) == (0, 0, 0)


def test_given_items_are_claimed_unless_they_are_done_or_held(
    application: Application, database: Database
) -> None:
    other = application.open()
    done = step(database, limit=2)
    rest = [k for k in range(30) if k not in done]
    with database.claim_ids(rest[:3]) as held, other.claim_ids([*done, *rest[:6]]) as batch:
        assert sorted(item.id for item in held.items) == rest[:3]
        found = sorted(item.id for item in batch.items)
        assert found == rest[3:6] if database.shares else not set(done) & set(found)
        assert batch.write(embedded(batch)) == len(found)
    assert set(other.new_vectors(rest[:6])) == set(found)
    other.close()


def test_ids_are_in_order_if_asked(application: Application) -> None:
    fill(application, 30)
    database = application.open()
    database.prepare(Setup(MODEL, NEW, order="id", first=(21, 13)))
    assert step(database, limit=5) == [21, 13, 0, 1, 2]
    assert drain(database)[:3] == [3, 4, 5]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("part", [0, 10, 30])
def test_a_search_finds_each_item_once_on_its_current_side(
    application: Application, database: Database, part: int, exact: bool
) -> None:
    done = step(database, limit=part) if part else []
    if done and part < 30:
        application.update(done[0], text="another text")  # waits again
        done = done[1:]
    for k in (5, 40):
        (sides,) = database.search([query("text 3")], k, exact=exact)
        waiting, new = truth(application, done, "text 3")
        assert_found(sides.waiting, waiting, k)
        assert_found(sides.done, new, k)
        assert sides.uncarried is None


def test_several_queries_are_answered_in_order(
    database: Database, application: Application
) -> None:
    done = step(database)
    texts = ["text 3", "text 4", "else"]
    for text, sides in zip(texts, database.search([query(t) for t in texts], 5), strict=True):
        waiting, new = truth(application, done, text)
        assert_found(sides.waiting, waiting, 5)
        assert_found(sides.done, new, 5)


def test_a_side_without_a_query_is_not_searched(database: Database) -> None:
    step(database)
    one, two, none = database.search(
        [query("a", waiting=False), query("a", new=False), query("a", waiting=False, new=False)], 5
    )
    assert (len(one.waiting), len(one.done)) == (0, 5)
    assert (len(two.waiting), len(two.done)) == (5, 0)
    assert none.waiting == none.done == []


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("value", ["red", ["red", "blue"], ["nothing"], "it's"])
def test_a_filter_holds_on_both_sides(
    application: Application, database: Database, value: object, exact: bool
) -> None:
    application.update(29, colour="it's")
    done = step(database)
    allowed = value if isinstance(value, list) else [value]
    where = {application.colour: value}
    (sides,) = database.search([query("text 3")], 20, where, exact=exact)
    rows = application.fetch()
    for hits, all_ in zip(
        (sides.waiting, sides.done), truth(application, done, "text 3"), strict=True
    ):
        assert_found(hits, {k: c for k, c in all_.items() if rows[k].colour in allowed}, 20)


def test_a_filter_of_a_column_that_is_not_there_is_a_mistake(database: Database) -> None:
    with pytest.raises(InputError, match="nowhere"):
        database.search([query("a")], 5, {"nowhere": "red"})


def test_items_without_an_old_vector_are_unsearchable_until_they_are_done(
    application: Application, database: Database
) -> None:
    application.insert({99: row(99)._replace(vector=None)})
    assert database.counts().unsearchable == 1
    (sides,) = database.search([query("text 99")], 50)
    assert 99 not in {hit.id for hit in sides.waiting + sides.done}
    drain(database)
    (sides,) = database.search([query("text 99")], 1)
    assert [hit.id for hit in sides.done] == [99]
    assert database.counts().unsearchable == 0


def test_the_state_is_replaced_whole_or_not_at_all(database: Database) -> None:
    first = State(phase="running", model=MODEL, width=NEW, spent=1.5, reason="it's \u2028")
    assert database.swap(first, 0)
    found = database.state()
    assert found.state == first
    assert not database.swap(State(phase="paused"), 0)
    assert not database.swap(State(phase="paused"), found.version + 1)
    assert database.state() == found
    assert database.swap(State(phase="paused"), found.version)
    assert database.state().version != found.version
    assert not database.swap(first, found.version)


def test_of_swaps_at_one_time_none_is_lost(application: Application, database: Database) -> None:
    database.swap(State(), 0)

    def add() -> None:
        own = application.open()
        for _ in range(10):
            while True:
                state, version = own.state()
                if own.swap(state.model_copy(update={"embedded": state.embedded + 1}), version):
                    break
        own.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.state().state.embedded == 40


def test_a_sample_is_drawn_by_its_seed(application: Application, database: Database) -> None:
    application.update(4, vector=None)
    application.update(5, text=None)
    rows = database.sample(10, seed=1)
    assert len(set(rows.ids)) == 10
    assert rows.ids == database.sample(10, seed=1).ids
    assert set(rows.ids) != set(database.sample(10, seed=2).ids)
    everything = database.sample(100, seed=1)
    assert set(everything.ids) == set(range(30)) - {4, 5}
    kept = application.fetch()
    for k, vector, text in zip(*everything, strict=True):
        np.testing.assert_array_equal(vector, kept[k].vector)
        assert text == kept[k].text


def test_all_rows_with_an_old_vector_are_read(application: Application) -> None:
    fill(application, 30)
    application.update(4, vector=None)
    database = application.open()
    blocks = list(database.rows())
    assert sorted(k for block in blocks for k in block.ids) == [k for k in range(30) if k != 4]
    kept = application.fetch()
    for block in blocks:
        for k, vector in zip(block.ids, block.vectors, strict=True):
            np.testing.assert_array_equal(vector, kept[k].vector)


def test_all_calls_are_safe_to_repeat(application: Application, database: Database) -> None:
    done = step(database)
    database.prepare(SETUP)
    application.open().prepare(SETUP)
    assert database.counts().done == len(done)
    drain(database)
    for _ in range(2):
        assert database.finish(keep_old=True)
    for _ in range(2):
        database.rollback()


@pytest.mark.parametrize("setup", [Setup("another model", NEW), Setup(MODEL, NEW + 1)])
def test_a_migration_of_another_model_is_refused(database: Database, setup: Setup) -> None:
    with pytest.raises(InputError, match=r"another model|width 1"):
        database.prepare(setup)


@pytest.mark.parametrize("exact", [True, False])
def test_the_old_system_is_searched_before_and_after_a_migration(make: Make, exact: bool) -> None:
    application = make()
    fill(application, 30)
    database = application.open()
    waiting, _ = truth(application, [], "a question")
    best = sorted(waiting, key=lambda key: -waiting[key])[:5]
    asked = [query("a question", new=False)]
    for _ in range(2):
        (sides,) = database.search(asked, 5, exact=exact)
        assert [hit.id for hit in sides.waiting] == best
        assert not sides.done
        (nothing,) = database.search([query("a question", waiting=False)], 5, exact=exact)
        assert nothing.waiting == nothing.done == []
        (filtered,) = database.search(asked, 5, {application.colour: "red"}, exact=exact)
        assert {application.fetch()[hit.id].colour for hit in filtered.waiting} == {"red"}
        database.prepare(SETUP)
        step(database)
        database.rollback()


@pytest.mark.parametrize("moment", ["prepared", "half", "done", "finished"])
def test_rollback_gives_the_old_system_back_to_the_byte(
    application: Application, moment: str
) -> None:
    fill(application, 30)
    before = application.image()
    database = application.open()
    carried = 6 if database.carries else None
    database.prepare(Setup(MODEL, NEW, carried=carried))
    database.swap(State(phase="running"), 0)
    if moment != "prepared":
        step(database, limit=15)
    if moment in ("done", "finished"):
        drain(database)
    if moment == "finished":
        database.finish(keep_old=True)
    database.rollback()
    assert application.image() == before
    assert database.state().version == 0
    database.prepare(SETUP)
    assert database.counts().done == 0
    assert len(drain(database)) == 30
    database.rollback()
    assert application.image() == before


def test_after_finish_new_vectors_stay_and_changes_are_seen(
    application: Application, database: Database
) -> None:
    drain(database)
    assert "{" not in database.finish(keep_old=False)
    (sides,) = database.search([query("text 3", waiting=False)], 3)
    assert sides.done[0].id == 3
    assert sides.done[0].cosine == pytest.approx(1, abs=1e-5)
    application.update(3, text="another text")
    assert database.counts().waiting == 1
    assert drain(database) == [3]
    (sides,) = database.search(
        [query("another text", waiting=False)], 1, {application.colour: "red"}
    )
    assert [hit.id for hit in sides.done] == [3]
    assert database.counts().done == 30
    database.finish(keep_old=False)
    with pytest.raises(InputError, match="finished without"):
        database.rollback()


def test_another_process_sees_the_end_of_old_vectors(
    application: Application, database: Database
) -> None:
    drain(database)
    other = application.open()
    asked = query("text 3")
    assert other.search([asked], 3)[0].done[0].id == 3
    database.finish(keep_old=False)
    assert other.search([asked], 3)[0].done[0].id == 3
    other.close()


@pytest.mark.parametrize("whole", [True, False])
def test_hostile_names_keys_and_texts_are_names_keys_and_texts(make: Make, whole: bool) -> None:
    application = make(hostile=True, whole=whole)
    texts = ["'; drop table y; --", "%s {0} \\ $$ \u202e", "é\n\t\x7f", "", "🦆" * 3]
    keys = [key(n, whole=whole) for n in range(len(texts))]
    application.insert(
        {k: row(n, text) for n, (k, text) in enumerate(zip(keys, texts, strict=True))}
    )
    database = application.open()
    setup = Setup(
        "model'; $$ %s {x} \x1f é", NEW, first=keys[3:4], carried=6 if database.carries else None
    )
    database.prepare(setup)
    with database.claim(9) as batch:
        assert batch.items[0].id == keys[3]
        for item in batch.items:
            assert item.text == texts[keys.index(item.id)]
            assert item.fingerprint == fingerprint(setup.model, item.text)
        assert batch.write(embedded(batch)) == len(texts)
    where = {application.colour: "red"}
    for exact in (True, False):
        (sides,) = database.search([query(texts[0], waiting=False)], 9, where, exact=exact)
        assert sides.done[0].id == keys[0]
        assert len(sides.done) == 2
    application.update(keys[1], text="%s")
    application.delete(keys[2:3])
    assert drain(database) == keys[1:2]
    assert len(database.new_vectors(keys)) == 4
    assert {k for rows in database.rows() for k in rows.ids} == set(keys) - {keys[2]}
    before = application.fetch()
    database.rollback()
    assert application.fetch().keys() == before.keys()


def test_a_mistake_is_one_line_without_a_credential(application: Application) -> None:
    fill(application, 3)
    for said, settings in application.mistakes().items():
        with pytest.raises(InputError) as caught:
            application.open(**settings).facts(NEW)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "s3cret" not in str(caught.value)
