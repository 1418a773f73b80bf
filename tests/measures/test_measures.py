"""Measures of ranked lists: equal to ranx's, and to what one counts by hand."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.judgements import Judgements, Run
from backfill.measures import MEASURES, Lists, evaluate, of_queries, parse

# Made by benchmarks/measures.py.
BY_RANX: dict[str, Any] = json.loads((Path(__file__).parent / "by_ranx.json").read_text())
OURS = {
    "ndcg": "nDCG",
    "map": "AP",
    "mrr": "RR",
    "recall": "recall",
    "hit_rate": "hit",
    "precision": "precision",
}
METRICS = [name for name in BY_RANX["distinct"]["values"] if name.partition("@")[0] in OURS]
NOTHING_RELEVANT = "q10"


def ours(metric: str) -> str:
    kind, at, k = metric.partition("@")
    return OURS[kind] + at + k


@pytest.mark.parametrize("metric", METRICS)
def test_every_query_has_what_ranx_gives_it(metric: str) -> None:
    expected = dict(BY_RANX["distinct"]["values"][metric])
    # ranx and trec_eval count a query without a relevant item as 0; here it does not count.
    assert expected.pop(NOTHING_RELEVANT) == 0
    assert expected["q11"] == 0  # it has no list
    run, qrels = BY_RANX["distinct"]["run"], BY_RANX["qrels"]
    found = evaluate(run, qrels, [ours(metric)], per_query=True)[ours(metric)]
    assert found == pytest.approx(expected, abs=1e-12)
    mean = evaluate(run, qrels, [ours(metric)])[ours(metric)]
    assert mean == pytest.approx(np.mean(list(expected.values())), abs=1e-12)


def test_ties_keep_the_order_in_which_they_are_named_and_ranx_sorts_them_otherwise() -> None:
    tied, qrels = BY_RANX["tied"], BY_RANX["qrels"]
    found = evaluate(tied["run"], qrels, ["AP"], per_query=True)["AP"]
    ranked = {
        query: {item: -rank for rank, item in enumerate(sorted(of, key=of.get, reverse=True))}
        for query, of in tied["run"].items()
    }
    assert found == evaluate(ranked, qrels, ["AP"], per_query=True)["AP"]
    assert any(abs(value - tied["values"]["map"][query]) > 0.01 for query, value in found.items())


def test_gain_is_linear() -> None:
    """2^grade - 1 is another nDCG."""
    run, qrels = BY_RANX["distinct"]["run"], BY_RANX["qrels"]
    found = evaluate(run, qrels, ["nDCG@10"], per_query=True)["nDCG@10"]
    exponential = BY_RANX["distinct"]["values"]["ndcg_burges@10"]
    assert any(abs(found[query] - exponential[query]) > 0.01 for query in found)


# Grades of items 0 to 5 for one query, and one whose items are all irrelevant.
JUDGED = Judgements.from_qrels(
    {"q": {"0": 3, "1": 1, "2": 0, "3": 2, "4": -2}, "none": {"0": 0}},
    ["q", "none"],
    list("012345"),
)
RANKED = np.array([[2, 3, 4, 0], [0, 1, 2, 3]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("precision@2", 1 / 2),
        ("precision@8", 2 / 8),
        ("recall@2", 1 / 3),
        ("recall", 2 / 3),
        ("hit@1", 0),
        ("hit@2", 1),
        ("RR", 1 / 2),
        ("RR@1", 0),
        ("AP", (1 / 2 + 2 / 4) / 3),
        ("AP@2", (1 / 2) / 3),
        ("nDCG@2", (2 / math.log2(3)) / (3 + 2 / math.log2(3))),
        (
            "nDCG",
            (2 / math.log2(3) + 3 / math.log2(5)) / (3 + 2 / math.log2(3) + 1 / math.log2(4)),
        ),
    ],
)
def test_by_hand(name: str, expected: float) -> None:
    found = of_queries([name], RANKED, JUDGED)[name]
    assert found[0] == pytest.approx(expected)
    assert np.isnan(found[1])


def test_a_negative_grade_gains_nothing() -> None:
    assert of_queries(["nDCG@1"], [[4], [0]], JUDGED)["nDCG@1"][0] == 0


def test_missing_items_are_never_relevant() -> None:
    """Not even where the row before begins with what a key of -1 would find."""
    judged = Judgements.from_qrels({"a": {"2": 1}, "b": {"0": 1}}, ["a", "b"], list("012"))
    found = of_queries(["hit@2", "RR"], [[-1, -1], [-1, -2]], judged)
    assert found["hit@2"].tolist() == found["RR"].tolist() == [0, 0]


def test_measures_of_several_depths_do_not_disturb_each_other() -> None:
    rng = np.random.default_rng(0)
    ranked = np.stack([rng.permutation(40)[:20] for _ in range(9)])
    judged = Judgements.from_labels(rng.integers(0, 3, 9), rng.integers(0, 3, 40))
    names = [f"{kind}@{k}" for kind in OURS.values() for k in (1, 7)] + list(OURS.values())
    together = of_queries(names, ranked, judged)
    for name in names:
        np.testing.assert_array_equal(together[name], of_queries([name], ranked, judged)[name])


def test_overlap_needs_no_judgements() -> None:
    ranked = np.array([[1, 2, 3], [4, 5, 6], [1, -1, -1], [0, 1, 2]])
    reference = np.array([[3, 9, 1], [7, 8, 9], [1, 2, -1], [-1, -1, -1]])
    found = of_queries(["overlap@3", "overlap@1"], ranked, reference=reference)
    np.testing.assert_allclose(found["overlap@3"], [2 / 3, 0, 1 / 2, np.nan])
    np.testing.assert_allclose(found["overlap@1"], [0, 0, 1, np.nan])


def test_lost_hits_are_counted_among_those_that_there_were() -> None:
    judged = Judgements.from_labels([0, 0, 0, 1], [0, 1, 2])
    old = np.array([[0, 1], [0, 1], [1, 2], [0, 1]])
    new = np.array([[0, 2], [1, 0], [0, 1], [0, 1]])
    found = of_queries(["flips@1", "flips@2"], new, judged, old)
    np.testing.assert_array_equal(found["flips@1"], [0, 1, np.nan, np.nan])
    np.testing.assert_array_equal(found["flips@2"], [0, 0, np.nan, 0])


def test_runs_are_compared_by_id() -> None:
    old = {"q": {"a": 3, "b": 2, "c": 1}}
    new = {"q": {"z": 3, "b": 2, "a": 1}}
    found = evaluate(new, None, ["overlap@2", "overlap@3"], reference=old)
    assert found == {"overlap@2": 1 / 2, "overlap@3": pytest.approx(2 / 3)}
    flips = evaluate(new, {"q": {"a": 1}}, ["flips@1"], reference=old)
    assert flips == {"flips@1": 1.0}


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("ndcg@10", "nDCG@10"),
        (" AP ", "AP"),
        ("map@5", "AP@5"),
        ("MRR", "RR"),
        ("P@5", "precision@5"),
        ("R@100", "recall@100"),
        ("hit_rate@1", "hit@1"),
        ("success@1", "hit@1"),
    ],
)
def test_names_of_other_tools(name: str, canonical: str) -> None:
    assert parse(name).name == canonical
    assert parse(parse(name).name) == parse(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bpref", r"^measure: expected one of AP, RR, flips, hit, .*, got 'bpref'$"),
        ("AP@0", r"^measure: expected AP@k with an integer k >= 1, got 'AP@0'$"),
        ("AP@", r"^measure: expected AP@k with an integer k >= 1, got 'AP@'$"),
        ("AP@ten", r"^measure: expected AP@k with an integer k >= 1, got 'AP@ten'$"),
    ],
)
def test_names_that_mean_nothing(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(name)


@pytest.mark.parametrize("kind", list(MEASURES))
def test_what_a_measure_lacks_is_named(kind: str) -> None:
    with pytest.raises(InputError, match=rf"^{kind}@1: (judgements|reference): expected "):
        parse(f"{kind}@1")(Lists(RANKED))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2],), r"^ranked: expected integers \(queries, ranks\), got int64 of shape \(2,\)"),
        (([[0.5]],), r"^ranked: expected integers \(queries, ranks\), got float64"),
        (([[1]], JUDGED), r"^judgements: expected 1 queries as in ranked, got 2"),
        (([[1]], None, [[1], [2]]), r"^reference: expected 1 queries as in ranked, got 2"),
    ],
)
def test_lists_that_do_not_fit(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        of_queries(["overlap@1"], *arguments)


@pytest.mark.parametrize(
    ("run", "qrels", "message"),
    [
        ({"x": {"a": 1}}, {"q": {"a": 1}}, "^run: expected queries of the qrels, such as 'q', got"),
        ({"q": {"a": 1}}, {"q": {"a": 0}}, "^hit@1: expected a query that counts, got none"),
        ({}, None, "^run: expected ranked lists, got none"),
        ({"q": {}}, {"q": {"a": "high"}}, "expected an integer as the grade, got 'high'"),
    ],
)
def test_runs_that_cannot_be_measured(run: Any, qrels: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(run, qrels, ["hit@1"])


def test_an_empty_list_is_worth_nothing() -> None:
    empty = Run({"q": []}, {"q": np.empty(0)})
    found = evaluate(empty, {"q": {"a": 1}}, ["AP", "RR", "nDCG@10", "hit@1", "precision@5"])
    assert set(found.values()) == {0.0}
