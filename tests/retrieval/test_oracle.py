"""What backfilling an item is worth, against mAP computed with it and without it."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from backfill.retrieval import Relevance
from backfill.retrieval.oracle import marginal_gains, mean_gains, nearest_as_positives

Floats = NDArray[np.float64]
ITEMS = 24


@pytest.fixture(name="systems")
def two_systems() -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    rng = np.random.default_rng(3)
    return tuple(  # type: ignore[return-value]
        (rng.normal(size=(10, 5)), rng.normal(size=(ITEMS, 5))) for _ in range(2)
    )


@pytest.fixture(name="relevance")
def some_relevance() -> Relevance:
    rng = np.random.default_rng(4)
    positives = [rng.permutation(ITEMS)[: size % 6] for size in range(10)]  # two have none
    ignored = [np.setdiff1d(rng.permutation(ITEMS)[:3], own) for own in positives]
    return Relevance.from_lists(positives, ignored, ITEMS)


def mean_average_precision(
    systems: tuple[tuple[Floats, Floats], ...], state: NDArray[np.bool_], relevance: Relevance
) -> float:
    """Of the merged ranking in one state, query by query."""
    unit = [[m / np.linalg.norm(m, axis=1, keepdims=True) for m in pair] for pair in systems]
    found = []
    for query in range(relevance.num_queries):
        waiting, moved = (pair[0][query] @ pair[1].T for pair in unit)
        positive, ignored = np.zeros((2, ITEMS), bool)
        positive[relevance.positives(query)] = True
        ignored[relevance.ignored(query)] = True
        if positive.any():
            merged = np.where(state, moved, waiting)
            found.append(average_precision_score(positive[~ignored], merged[~ignored]))
    return float(np.mean(found))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_each_item_is_worth_what_its_state_changes(
    systems: tuple[tuple[Floats, Floats], tuple[Floats, Floats]],
    relevance: Relevance,
    share: float,
) -> None:
    state = np.random.default_rng(5).random(ITEMS) < share
    got = marginal_gains(*systems, state, relevance)
    for item in range(ITEMS):
        with_it, without = state.copy(), state.copy()
        with_it[item], without[item] = True, False
        want = mean_average_precision(systems, with_it, relevance) - mean_average_precision(
            systems, without, relevance
        )
        assert got[item] == pytest.approx(want, abs=1e-12)


def test_ordering_by_mean_gains_beats_the_reverse_at_every_share(
    systems: tuple[tuple[Floats, Floats], tuple[Floats, Floats]], relevance: Relevance
) -> None:
    gains = mean_gains(*systems, relevance, 0, states=32, queries=10)
    best = np.argsort(-gains, kind="stable")
    for count in (6, 12, 18):
        first, last = np.zeros((2, ITEMS), bool)
        first[best[:count]] = True
        last[best[-count:]] = True
        assert mean_average_precision(systems, first, relevance) > mean_average_precision(
            systems, last, relevance
        )


def test_the_same_seed_gives_the_same_gains(
    systems: tuple[tuple[Floats, Floats], tuple[Floats, Floats]], relevance: Relevance
) -> None:
    first, again, other = (
        mean_gains(*systems, relevance, seed, states=3, queries=6) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_nearest_items_are_positives_whatever_the_labels(
    systems: tuple[tuple[Floats, Floats], tuple[Floats, Floats]], relevance: Relevance
) -> None:
    query, gallery = (m / np.linalg.norm(m, axis=1, keepdims=True) for m in systems[1])
    found = nearest_as_positives(systems[1], relevance, 4)
    none = Relevance.from_lists([[]] * 10, [relevance.ignored(query) for query in range(10)], ITEMS)
    again = nearest_as_positives(systems[1], none, 4)
    for q in range(10):
        ranked = [i for i in np.argsort(-gallery @ query[q]) if i not in relevance.ignored(q)]
        assert found.positives(q).tolist() == again.positives(q).tolist() == sorted(ranked[:4])
        assert found.ignored(q).tolist() == relevance.ignored(q).tolist()
