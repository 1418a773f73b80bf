"""Who trains on what, and what is backfilled first."""

import numpy as np
import pytest

from backfill import orders
from backfill.errors import InputError
from backfill.splits import extended_class


def test_the_old_encoder_sees_its_share_of_the_classes_and_the_new_one_all() -> None:
    labels = np.arange(100) % 10
    rows = extended_class(labels, 0.5, seed=3)
    assert len(np.unique(labels[rows["old"]])) == 5
    assert len(rows["old"]) == 50
    np.testing.assert_array_equal(rows["new"], np.arange(100))
    np.testing.assert_array_equal(rows["old"], extended_class(labels, 0.5, seed=3)["old"])
    chosen = {tuple(np.unique(labels[extended_class(labels, 0.5, s)["old"]])) for s in range(5)}
    assert len(chosen) > 1


@pytest.mark.parametrize(
    ("labels", "fraction", "message"),
    [
        ([0, 0, 0], 0.5, "1 class in the training set, expected at least 2"),
        ([], 0.5, "0 class in the training set"),
        ([0, 1, 2, 3], 0.25, "0.25 of 4 classes is 1, expected 2 to 4"),
        ([0, 1, 2, 3], 1.5, "1.5 of 4 classes is 6, expected 2 to 4"),
    ],
)
def test_impossible_splits_say_why(labels: list[int], fraction: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        extended_class(np.array(labels), fraction, seed=0)


def test_random_orders_are_permutations_by_seed() -> None:
    first = orders.random(50, 0)
    np.testing.assert_array_equal(np.sort(first), np.arange(50))
    np.testing.assert_array_equal(first, orders.random(50, 0))
    assert not np.array_equal(first, orders.random(50, 1))


def test_scored_orders_go_down_with_ties_by_row() -> None:
    assert orders.by_score(np.array([0.1, 0.9, 0.1, 0.5])).tolist() == [1, 3, 0, 2]
    with pytest.raises(InputError, match="nan in row 1"):
        orders.by_score(np.array([0.0, np.nan]))
    with pytest.raises(InputError, match=r"shape \(1, 2\)"):
        orders.by_score(np.zeros((1, 2)))
