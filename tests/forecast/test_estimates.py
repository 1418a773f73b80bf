"""Estimates with intervals, from several completions."""

import numpy as np
import pytest

from backfill.forecast.estimates import Moment, corrected, moment

# Two completions of three queries, with means 0.4 and 0.6.
VALUES = np.array([[0.2, 0.4, 0.6], [0.6, 0.6, 0.6]])


def test_the_variance_is_that_over_queries_and_between_completions() -> None:
    # By query: 0.4, 0.5, 0.6; their variance is 0.01, of the mean 0.01 / 3. Between: 0.02.
    found = moment(VALUES)
    assert found.value == pytest.approx(0.5)
    assert found.variance == pytest.approx(0.01 / 3 + 1.5 * 0.02)


def test_a_query_counts_as_often_as_it_is_asked() -> None:
    found = moment(VALUES, np.array([2.0, 0.0, 2.0]))
    assert found.value == pytest.approx(0.5)
    assert found.variance == pytest.approx(2 * 0.25 * 0.01 * 1.5 + 1.5 * 0.02)
    assert moment(VALUES, np.array([7.0, 7.0, 7.0])) == pytest.approx(moment(VALUES))


def test_a_query_without_a_value_does_not_count() -> None:
    with_nan = np.insert(VALUES, 1, np.nan, axis=1)
    assert moment(with_nan) == pytest.approx(moment(VALUES))
    weights = np.array([1.0, 9.0, 1.0, 1.0])
    assert moment(with_nan, weights) == pytest.approx(moment(VALUES))


def test_an_interval_is_as_wide_as_the_confidence_asks_for() -> None:
    found = Moment(0.5, 0.04).interval(0.95)
    assert found.low == pytest.approx(0.5 - 1.96 * 0.2, abs=1e-3)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.2, abs=1e-3)
    assert Moment(0.5, 0.04, freedom=4).interval(0.95).high > found.high


def test_what_completing_gets_wrong_for_all_queries_is_taken_out() -> None:
    rng = np.random.default_rng(0)
    truth = np.clip(rng.normal(0.5, 0.2, 400), 0, 1)
    plain = truth + 0.1 + 0.01 * rng.normal(size=(5, 400))
    asked = np.isin(np.arange(400), rng.permutation(400)[:40])
    better = np.where(asked, truth, plain)
    found = corrected(plain, better, asked)
    assert found.value == pytest.approx(truth.mean(), abs=0.005)
    # Nearer than the asked queries alone can tell.
    assert found.variance < moment(better[:, asked]).variance


def test_where_the_asked_queries_say_more_alone_they_are_asked_alone() -> None:
    rng = np.random.default_rng(0)
    truth = np.full(50, 0.5)
    plain = truth + 0.3 * rng.normal(size=(5, 50))
    asked = np.arange(50) < 45
    found = corrected(plain, np.where(asked, truth, plain), asked)
    assert found.value == pytest.approx(0.5)
    assert found.variance == pytest.approx(0, abs=1e-12)
