"""What is backfilled first, against plain loops over RACT's equations."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.orders.random import shuffled
from backfill.orders.scores import by_score
from backfill.orders.uncertainty import entropy, least_confidence, margin

# Of four classes: even, nearly certain, two alike, and two draws of all sizes.
SCORES = np.array(
    [[1, 1, 1, 1], [9, 0, 0, 0], [4, 4, 0, 0], [2.5, -1, 0.3, 2], [-3, -1, 0, 1]], np.float32
)


def probabilities(scores: np.ndarray) -> list[float]:
    powers = [math.exp(s) for s in scores]
    return [p / sum(powers) for p in powers]


def eq_9(scores: np.ndarray) -> float:
    return 1 - max(probabilities(scores))


def eq_10(scores: np.ndarray) -> float:
    *_, second, first = sorted(probabilities(scores))
    return 1 - (first - second)


def eq_11(scores: np.ndarray) -> float:
    return -sum(p * math.log(p) for p in probabilities(scores))


CASES = [(least_confidence, eq_9), (margin, eq_10), (entropy, eq_11)]
Uncertainty = Callable[[np.ndarray], np.ndarray]


@pytest.mark.parametrize(("uncertainty", "equation"), CASES)
def test_an_uncertainty_is_its_equation(
    uncertainty: Uncertainty, equation: Callable[[np.ndarray], float]
) -> None:
    found = uncertainty(SCORES)
    np.testing.assert_allclose(found, [equation(row) for row in SCORES], rtol=1e-12)
    # The softmax, not the scores: adding the same to all of an item's changes nothing.
    shift = 10 * np.arange(len(SCORES))[:, None]
    np.testing.assert_allclose(uncertainty(SCORES + shift), found, rtol=1e-6)


@pytest.mark.parametrize(
    ("uncertainty", "even"), [(least_confidence, 0.75), (margin, 1.0),
                              (entropy, math.log(4))],
)  # fmt: skip
def test_large_scores_are_certain_and_equal_ones_are_not(
    uncertainty: Uncertainty, even: float
) -> None:
    large = np.array([[1e4, -1e4, 0, 0], [1e4, 1e4, 1e4, 1e4]], np.float32)
    np.testing.assert_allclose(uncertainty(large), [0, even], atol=1e-12)


def test_the_three_disagree_on_what_is_most_uncertain() -> None:
    # Half and half: no margin at all, yet less entropy than a small lead over many classes.
    half, lead = [5.0, 5.0, -5.0, -5.0], [1.0, 0.0, 0.0, 0.0]
    scores = np.array([half, lead], np.float32)
    assert by_score(margin(scores)).tolist() == [0, 1]
    assert by_score(entropy(scores)).tolist() == [1, 0]
    assert by_score(least_confidence(scores)).tolist() == [1, 0]


def test_random_orders_are_permutations_by_seed() -> None:
    first = shuffled(50, 0)
    np.testing.assert_array_equal(np.sort(first), np.arange(50))
    np.testing.assert_array_equal(first, shuffled(50, 0))
    assert not np.array_equal(first, shuffled(50, 1))


def test_scored_orders_go_down_with_ties_by_row() -> None:
    assert by_score(np.array([0.1, 0.9, 0.1, 0.5])).tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.array([0.0, np.nan]), r"^scores: expected finite numbers, got nan in row 1$"),
        (np.array([np.inf, 0.0]), r"^scores: expected finite numbers, got inf in row 0$"),
        (np.zeros((1, 2)), r"^scores: expected one per item, \(N,\), got shape \(1, 2\)$"),
    ],
)
def test_scores_that_order_nothing_are_an_error(scores: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        by_score(scores)
