"""Graded judgements by row numbers."""

import itertools
from typing import Any

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.judgements import Judgements
from backfill.judgements.graded import strangers

QRELS = {"q1": {"c": 2, "a": 1, "b": 0}, "q2": {"b": -1}, "q9": {"a": 1}}


def test_judgements_follow_the_rows_of_queries_and_items() -> None:
    found = Judgements.from_qrels(QRELS, ["q2", "q0", "q1"], ["b", "c", "d", "a"])
    assert (found.num_queries, found.gallery_size) == (3, 4)
    items, grades = found.relevant(2)
    assert (items.tolist(), grades.tolist()) == ([1, 3], [2, 1])
    assert found.relevant_counts.tolist() == [0, 0, 2]
    assert [len(found.relevant(q)[0]) for q in (0, 1)] == [0, 0]


def test_ids_need_no_list_of_their_own() -> None:
    class RowNumbers:
        def __len__(self) -> int:
            return 1000

        def __getitem__(self, row: int) -> str:
            if row >= 1000:
                raise IndexError
            return str(row)

    found = Judgements.from_qrels({"0": {"999": 1}}, ["0"], RowNumbers())  # type: ignore[arg-type]
    assert found.relevant(0)[0].tolist() == [999]


def test_strangers_are_left_out_and_can_be_listed() -> None:
    there = Judgements.from_qrels(QRELS, ["q1"], ["a"])
    assert there.relevant(0)[0].tolist() == [0]
    assert strangers(QRELS, ["q1"], ["a"]) == (["q2", "q9"], ["b", "c"])
    assert strangers(QRELS, ["q1", "q2", "q9"], ["a", "b", "c"]) == ([], [])


@pytest.mark.parametrize(
    ("query_ids", "ids", "message"),
    [
        (["x"], ["a"], "^query_ids: expected ids that the qrels name, such as 'q1', got none of"),
        (["q1"], ["x"], "^ids: expected ids that the qrels name, such as 'a', got none of their 3"),
        (["q1"], ["a", "x", "x", "a"], "^ids: expected each id once, got 'a' in rows 0 and 3"),
        (["q1", "q1"], ["a"], "^query_ids: expected each id once, got 'q1' in rows 0 and 1"),
        (["q1", {"q2"}], ["a"], "^query_ids: expected ids, got "),
        (["q1"], ["a", {"b"}], "^ids: expected ids, got "),
    ],
)
def test_ids_that_do_not_meet(query_ids: list[Any], ids: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Judgements.from_qrels(QRELS, query_ids, ids)


def test_labels_share_their_sets() -> None:
    found = Judgements.from_labels(["x"] * 3000, ["x"] * 3000)
    assert len(found.items) == 3000
    assert found.relevant(2999)[1].tolist() == [1] * 3000
    unknown = Judgements.from_labels(["y"], ["x", "z"])
    assert unknown.relevant_counts.tolist() == [0]


def test_relevance_begins_at_a_grade() -> None:
    found = Judgements.from_qrels(QRELS, ["q2", "q1"], ["a", "b", "c"])
    for threshold, expected in ((0, [0, 1, 2]), (1, [0, 2]), (2, [2]), (3, [])):
        relevance = found.relevance(threshold)
        assert relevance.positives(1).tolist() == expected
        assert relevance.positives(0).tolist() == []


def test_a_part_of_the_gallery_is_numbered_anew() -> None:
    found = Judgements.from_qrels(QRELS, ["q2", "q1"], ["a", "b", "c", "d"])
    part = found.among(np.array([1, 2]))
    items, grades = part.relevant(1)
    assert (part.gallery_size, items.tolist(), grades.tolist()) == (2, [1], [2])
    assert found.among(np.array([3])).relevant_counts.tolist() == [0, 0]


def test_queries_may_be_drawn_several_times() -> None:
    found = Judgements.from_labels([0, 1], [0, 1, 1])
    assert found.of([1, 1, 0]).relevant_counts.tolist() == [2, 2, 1]
    assert found.of(np.array([False, True])).relevant(0)[0].tolist() == [1, 2]


def test_grades_are_those_of_a_search_one_by_one() -> None:
    rng = np.random.default_rng(0)
    qrels = {
        str(q): {str(i): int(rng.integers(-1, 4)) for i in rng.choice(9, 4, replace=False)}
        for q in range(5)
    }
    found = Judgements.from_qrels(qrels, [str(q) for q in range(6)], [str(i) for i in range(9)])
    ranked = rng.integers(-2, 9, (6, 7))
    grades = found.grades_of(ranked)
    for q, rank in itertools.product(range(6), range(7)):
        assert grades[q, rank] == qrels.get(str(q), {}).get(str(ranked[q, rank]), 0)


def test_grades_where_nothing_is_judged() -> None:
    nothing = Judgements.from_labels(["y"], ["x"]).among(np.array([], np.int64))
    assert nothing.grades_of(np.array([[-1, -1]])).tolist() == [[0, 0]]
