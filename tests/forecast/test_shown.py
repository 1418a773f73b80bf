"""Queries whose results change most, as people see them."""

import numpy as np

from backfill.forecast.curves import Completed
from backfill.forecast.outcome import Shown
from backfill.forecast.shown import changed_most

QUERIES, ITEMS = 7, 20
# Query q finds items 0 to 4 before, and q of these are others after.
OLD = np.tile(np.arange(5), (QUERIES, 1))
NEW = np.stack([np.where(np.arange(5) < q, 10 + np.arange(5), np.arange(5)) for q in range(7)])


def shown(
    items: np.ndarray | None = None, known: np.ndarray | None = None, names: list[str] | None = None
) -> list[Shown]:
    there = np.tile(np.arange(ITEMS), (QUERIES, 1)) if items is None else items
    nothing = np.zeros(there.shape, np.float32)
    return changed_most(
        Completed(there, nothing[None], nothing, nothing),
        OLD,
        NEW,
        np.zeros(there.shape, bool) if known is None else known,
        names or [f"query {q}" for q in range(QUERIES)],
        [f"item {i}" for i in range(ITEMS)],
    )


def test_five_queries_with_the_least_in_common_come_first() -> None:
    found = shown()
    assert [of.query for of in found] == [f"query {q}" for q in (5, 6, 4, 3, 2)]
    assert found[0].before == [f"item {i}" for i in range(5)]
    assert found[0].after == [f"item {i}" for i in range(10, 15)]
    assert found[0].known == [False] * 5


def test_of_equals_the_one_of_which_more_is_known_comes_first() -> None:
    known = np.zeros((QUERIES, ITEMS), bool)
    known[6, 10:13] = True
    found = shown(known=known)
    assert found[0].query == "query 6"
    assert found[0].known == [True] * 3 + [False] * 2


def test_a_query_with_items_that_have_no_name_is_not_shown() -> None:
    items = np.tile(np.arange(ITEMS), (QUERIES, 1))
    items[5, 12] = -1
    assert "query 5" not in [of.query for of in shown(items)]
    items[:, 0] = -1
    assert shown(items) == []


def test_long_texts_are_cut_and_stand_on_one_line() -> None:
    names = ["a\nlong  text " * 40] * QUERIES
    text = shown(names=names)[0].query
    assert len(text) <= 161
    assert text.startswith("a long text a")
    assert text.endswith("…")
