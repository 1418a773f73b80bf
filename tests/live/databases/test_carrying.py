"""What `backfill.live.base` promises of old vectors that are carried forward."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from application import MODEL, NEW, OLD, Application, Make, fill, vector_of
from steps import assert_found, cosine, drain, step, truth

from backfill.errors import InputError
from backfill.live.base import Database
from backfill.live.terms import Id, Query, Setup


@pytest.fixture(params=("postgres", "lancedb", "qdrant"))
def make(request: pytest.FixtureRequest, servers: dict[str, Make], tmp_path: Path) -> Make:
    """Makes an application with an empty gallery, in one after the other that carries vectors."""
    start = servers[request.param]
    return lambda **options: start(folder=tmp_path, **options)


def to_carry(database: Database) -> list[Id]:
    """What is to be carried, by what was seen or else by all that is there."""
    found = database.uncarried(30).ids
    if not found:
        database.reconcile()
        found = database.uncarried(30).ids
    return found


def carry_all(database: Database, width: int) -> int:
    count = 0
    while True:
        rows = database.uncarried(7)
        if not rows.ids:
            return count
        assert len(rows.ids) <= 7
        carried = np.stack([vector_of(str(v.tolist()), width) for v in rows.vectors])
        count += database.carry(rows.ids, rows.vectors, carried)


@pytest.fixture
def carrying(application: Application) -> Database:
    database = application.open()
    assert database.carries
    fill(application, 30)
    database.prepare(Setup(MODEL, NEW, carried=6))
    return database


@pytest.mark.parametrize("exact", [True, False])
def test_carried_vectors_are_searched_and_the_rest_is_handed_over(
    application: Application, carrying: Database, exact: bool
) -> None:
    rows = carrying.uncarried(12)
    assert len(rows.ids) == len(set(rows.ids)) == 12
    kept = application.fetch()
    for k, vector in zip(rows.ids, rows.vectors, strict=True):
        np.testing.assert_array_equal(vector, kept[k].vector)
    assert carrying.counts().uncarried == 30
    place = {k: vector_of(f"carried {k}", 6) for k in kept}
    assert carrying.carry(rows.ids, rows.vectors, np.stack([place[k] for k in rows.ids])) == 12
    assert carrying.counts().uncarried == 18
    done = step(carrying)
    asked = Query(vector_of("a", 6), vector_of("a", NEW))
    (sides,) = carrying.search([asked], 40, exact=exact)
    waiting = {k: cosine(place[k], asked.waiting) for k in rows.ids if k not in done}
    assert_found(sides.waiting, waiting, 40)
    assert_found(sides.done, truth(application, done, "a")[1], 40)
    assert sorted(sides.uncarried.ids) == sorted(set(kept) - set(done) - set(rows.ids))
    for k, vector in zip(sides.uncarried.ids, sides.uncarried.vectors, strict=True):
        np.testing.assert_array_equal(vector, kept[k].vector)


def test_an_old_vector_that_changed_is_carried_anew(
    application: Application, carrying: Database
) -> None:
    rows = carrying.uncarried(30)
    changed = rows.ids[0]
    application.update(changed, vector=vector_of("another", OLD))
    carried = np.stack([vector_of(str(k), 6) for k in rows.ids])
    assert carrying.carry(rows.ids, rows.vectors, carried) == 29
    assert carrying.uncarried(30).ids == [changed]
    carry_all(carrying, 6)
    assert carrying.counts().uncarried == 0
    application.update(rows.ids[1], vector=vector_of("another", OLD))
    for exact in (True, False):  # the second one after it was seen
        (sides,) = carrying.search([Query(vector_of("a", 6), None)], 40, exact=exact)
        assert sides.uncarried.ids == [rows.ids[1]]
        assert len(sides.waiting) == 29
        assert carrying.counts().uncarried == 1
        assert to_carry(carrying) == [rows.ids[1]]


def test_what_is_done_is_not_carried(carrying: Database) -> None:
    assert len(step(carrying, limit=25)) == 25
    assert len(carrying.uncarried(30).ids) == 5
    assert carry_all(carrying, 6) == 5
    drain(carrying)
    assert carrying.uncarried(30).ids == []
    assert carrying.counts().uncarried == 0


def test_carried_vectors_end_with_the_old_ones(
    application: Application, carrying: Database
) -> None:
    carry_all(carrying, 6)
    drain(carrying)
    carrying.finish(keep_old=True)
    application.update(3, text="another text")
    asked = [Query(vector_of("a", 6), None)]
    (sides,) = carrying.search(asked, 5)
    # Whether it is taken for carried or is to be carried anew.
    assert [*(hit.id for hit in sides.waiting), *sides.uncarried.ids] == [3]
    drain(carrying)
    carrying.finish(keep_old=False)
    application.update(4, text="another text")
    (sides,) = carrying.search(asked, 5)
    assert sides.waiting == []
    assert not sides.uncarried
    assert carrying.uncarried(5).ids == []
    assert carrying.counts().uncarried == 0
    assert drain(carrying) == [4]


def test_a_migration_of_another_width_is_refused(carrying: Database) -> None:
    with pytest.raises(InputError, match="expected"):
        carrying.prepare(Setup(MODEL, NEW, carried=7))


def test_milvus_refuses_to_carry_vectors(servers: dict[str, Make], tmp_path: Path) -> None:
    application = servers["milvus"](folder=tmp_path)
    fill(application, 3)
    database = application.open()
    assert not database.carries
    with pytest.raises(InputError, match="expected a method that carries no vectors"):
        database.prepare(Setup(MODEL, NEW, carried=6))
    database.prepare(Setup(MODEL, NEW))
    assert database.uncarried(5).ids == []
