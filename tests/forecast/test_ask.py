"""Which items to embed next."""

from pathlib import Path

import numpy as np
import pytest
from worlds import world

from backfill.errors import InputError
from backfill.forecast.ask import FILE, NEAREST, NOTHING, Asked, ask, load, nearest, save
from backfill.forecast.candidates import find
from backfill.forecast.channels import Channel

WORLD = world(items=300, queries=10)
CHANNELS = (
    Channel("old", WORLD.queries_old),
    Channel("other", np.roll(WORLD.queries_old, 1, axis=1)),
)
CANDIDATES = find(CHANNELS, WORLD.old, 60)
QUERIES = 100 + np.arange(10)
KNOWN = np.arange(0, 300, 3)


@pytest.mark.parametrize("budget", [0, 30, 90, 1000])
def test_the_budget_is_kept_and_queries_are_complete(budget: int) -> None:
    found = ask(CANDIDATES, QUERIES, KNOWN, budget, seed=0)
    assert len(found.rows) <= budget
    assert not set(found.rows) & set(KNOWN)
    there = {*found.rows.tolist(), *KNOWN.tolist()}
    for query in found.queries:
        for channel in CHANNELS:
            scores = channel.scores(WORLD.old)[query - 100]
            assert set(np.argsort(-scores)[:NEAREST].tolist()) <= there


def test_all_queries_are_asked_for_if_the_budget_allows() -> None:
    assert ask(CANDIDATES, QUERIES, KNOWN, 1000, seed=0).queries.tolist() == QUERIES.tolist()


def test_queries_are_drawn() -> None:
    one, other = (ask(CANDIDATES, QUERIES, KNOWN, 60, seed).queries.tolist() for seed in (0, 1))
    assert one != other


def test_a_query_with_few_candidates_asks_for_these() -> None:
    few = find(CHANNELS[:1], WORLD.old, 3)
    assert nearest(few, 0) == set(few.items[0].tolist())


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    asked = Asked(np.array([3, 8]), np.array([1]))
    listed = save(asked, tmp_path)
    assert listed.read_text() == "3\n8\n"
    found = load(tmp_path, 9)
    assert found.rows.tolist() == [3, 8]
    assert found.queries.tolist() == [1]


def test_nothing_was_asked_for_where_there_is_no_file(tmp_path: Path) -> None:
    assert load(tmp_path, 9) is NOTHING


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "{}",
        '{"rows": [1]}',
        '{"rows": [1], "queries": null}',
        '{"rows": "many", "queries": []}',
        '{"rows": [[1], [2, 3]], "queries": []}',
        '{"rows": [[1]], "queries": []}',
        '{"rows": [1.5], "queries": []}',
        '{"rows": [1e99], "queries": []}',
        '{"rows": [99999999999999999999], "queries": []}',
        '{"rows": [9], "queries": []}',
        '{"rows": [-1], "queries": []}',
        '{"rows": [true], "queries": []}',
        "\x00\xff",
    ],
)
def test_a_damaged_file_is_one_error(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"asked\.json: expected"):
        load(tmp_path, 9)
