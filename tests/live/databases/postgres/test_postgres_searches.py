"""What a search asks the server, and how often."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from application import MODEL, NEW, OLD, fill, vector_of

from backfill.live.databases.postgres import known
from backfill.live.terms import Query, Setup


@pytest.fixture
def application(servers, tmp_path) -> Any:
    made = servers["postgres"](folder=tmp_path)
    fill(made, 12)
    return made


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One entry per look at the catalogue."""
    seen: list[Any] = []
    look = known.view
    monkeypatch.setattr(known, "view", lambda *of: seen.append(of) or look(*of))
    return seen


OLD_ALONE = Query(vector_of("text 3", OLD), None)
BOTH = OLD_ALONE._replace(new=vector_of("text 3", NEW))


def write(database: Any, limit: int) -> None:
    with database.claim(limit) as batch:
        batch.write(np.stack([vector_of(item.text, NEW) for item in batch.items]))


def test_searches_before_a_migration_share_a_look_at_the_catalogue(
    application: Any, looks: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = application.open()
    for _ in range(3):
        assert len(database.search([OLD_ALONE], 12)[0].waiting) == 12
    assert len(looks) == 1
    monkeypatch.setattr(known, "_BARE_LASTS", 0.0)
    database.search([OLD_ALONE], 12)
    assert len(looks) == 2


def test_a_migration_that_another_prepared_is_seen_at_once_by_who_asks_for_new_vectors(
    application: Any,
) -> None:
    searches, works = application.open(), application.open()
    assert len(searches.search([OLD_ALONE], 12)[0].waiting) == 12
    works.prepare(Setup(MODEL, NEW))
    write(works, 5)
    (sides,) = searches.search([BOTH], 12)
    assert (len(sides.waiting), len(sides.done)) == (7, 5)


def test_a_vector_that_asks_both_sides_finds_what_two_equal_ones_do(application: Any) -> None:
    database = application.open()
    database.prepare(Setup(MODEL, NEW, carried=NEW))
    rows = database.uncarried(12)
    carried = np.stack([vector_of(f"carried {key}", NEW) for key in rows.ids])
    database.carry(rows.ids, rows.vectors, carried)
    write(database, 5)
    vector = vector_of("text 3", NEW)
    for exact in (False, True):
        found = [
            database.search([Query(each, vector)], 12, exact=exact)[0]
            for each in (vector, vector.copy())
        ]
        assert (found[0].waiting, found[0].done) == (found[1].waiting, found[1].done)
        assert (len(found[0].waiting), len(found[0].done)) == (7, 5)
