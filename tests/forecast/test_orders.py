"""Orders of backfilling that need neither labels nor new vectors of what waits."""

import numpy as np
import pytest
from worlds import world

from backfill.arrays import Int64s
from backfill.forecast import orders

WORLD = world(items=250, queries=4)
RNG = np.random.default_rng(0)
ROWS = np.sort(RNG.permutation(250)[:60])
NEAR = orders.near_known(WORLD.old, ROWS, WORLD.old[ROWS], k=5)
ERROR = RNG.random(60)


def made() -> dict[str, Int64s]:
    nearest = RNG.integers(-1, 250, size=(4, 10))
    return {
        "random": orders.random(250, 0),
        "hubs": orders.hubs(WORLD.old, 0),
        "dense": orders.dense(NEAR, 0),
        "coverage": orders.coverage(NEAR, 0),
        "alignment_error": orders.alignment_error(NEAR, ERROR, 0),
        "asked_most": orders.asked_most(nearest, np.arange(4.0), 250, 0),
    }


@pytest.mark.parametrize("name", list(made()))
def test_an_order_is_a_permutation_and_positions_invert_it(name: str) -> None:
    order = made()[name]
    assert sorted(order) == list(range(250))
    np.testing.assert_array_equal(order[orders.position_of(order)], np.arange(250))


def in_degrees(k: int) -> np.ndarray:
    cosines = WORLD.old @ WORLD.old.T
    np.fill_diagonal(cosines, -2)
    return np.bincount(np.argsort(-cosines, axis=1)[:, :k].ravel(), minlength=250)


@pytest.mark.parametrize("k", [1, 10, 400])
def test_hubs_come_by_how_many_others_have_them_as_neighbours(k: int) -> None:
    degree = in_degrees(min(k, 249))
    assert (np.diff(degree[orders.hubs(WORLD.old, 0, k)]) <= 0).all()


def test_hubs_of_many_items_are_counted_over_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "ANCHORS", 120)
    degree = in_degrees(10)
    found = degree[orders.hubs(WORLD.old, 0)]
    assert found[:50].mean() > 1.5 * degree.mean()


def test_equals_are_in_random_order() -> None:
    score = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 9.0, 0.0])
    made = [orders.most_first(score, np.random.default_rng(seed)).tolist() for seed in range(5)]
    assert {of[0] for of in made} == {5}
    assert {of[-1] for of in made} == {6}
    assert len({tuple(of) for of in made}) > 1


def test_the_nearest_known_items_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    cosines = WORLD.old @ WORLD.old[ROWS].T
    cosines[ROWS, np.arange(60)] = -2
    wanted = np.argsort(-cosines, axis=1)[:, :5]
    np.testing.assert_array_equal(NEAR.places, wanted)
    np.testing.assert_allclose(NEAR.cosines, np.take_along_axis(cosines, wanted, axis=1), atol=1e-6)
    monkeypatch.setattr(orders, "_BLOCK", 17)
    again = orders.near_known(WORLD.old, ROWS, WORLD.old[ROWS], k=5)
    np.testing.assert_array_equal(again.places, wanted)


def test_of_few_known_items_the_others_are_the_nearest() -> None:
    near = orders.near_known(WORLD.old, ROWS[:3], WORLD.old[ROWS[:3]])
    assert near.places.shape == (250, 2)


def test_the_dense_come_first_or_last_and_the_worst_mapped_first() -> None:
    nearness = NEAR.cosines.mean(axis=1)
    error = ERROR[NEAR.places].mean(axis=1)
    assert (np.diff(nearness[orders.dense(NEAR, 0)]) <= 0).all()
    assert (np.diff(nearness[orders.coverage(NEAR, 0)]) >= 0).all()
    assert (np.diff(error[orders.alignment_error(NEAR, ERROR, 0)]) <= 0).all()


def test_items_come_by_how_often_a_log_asks_for_them() -> None:
    nearest = np.array([[1, 2], [2, -1], [3, 1]])
    found = orders.asked_most(nearest, np.array([1.0, 5.0, 2.0]), 5, 0)
    assert found[:3].tolist() == [2, 1, 3]
    assert set(orders.asked_most(nearest, None, 5, 0)[:2].tolist()) == {1, 2}


def test_what_is_affordable_depends_on_the_sizes() -> None:
    assert orders.hubs_affordable(100_000)
    assert not orders.hubs_affordable(10_000_000)
    assert orders.near_known_affordable(1_000_000, 1_000)
    assert not orders.near_known_affordable(100_000_000, 1_000)
