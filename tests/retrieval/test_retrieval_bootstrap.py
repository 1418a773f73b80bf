"""Bootstrap intervals against closed forms."""

import tracemalloc

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.retrieval import bootstrap_gain, bootstrap_mean

RNG = np.random.default_rng(0)
VALUES = RNG.gamma(2.0, size=2000)


def test_mean_agrees_with_the_normal_interval() -> None:
    low, high = bootstrap_mean(VALUES, seed=1, resamples=4000)
    half = 1.96 * VALUES.std(ddof=1) / np.sqrt(len(VALUES))
    assert low == pytest.approx(VALUES.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(VALUES.mean() + half, abs=0.1 * half)


def test_level() -> None:
    wide, narrow = (bootstrap_mean(VALUES, seed=1, level=level) for level in (0.95, 0.5))
    half = 0.6745 * VALUES.std(ddof=1) / np.sqrt(len(VALUES))
    assert narrow.high - narrow.low == pytest.approx(2 * half, rel=0.15)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_seed_decides() -> None:
    assert bootstrap_mean(VALUES, seed=3) == bootstrap_mean(VALUES, seed=3)
    assert bootstrap_mean(VALUES, seed=3) != bootstrap_mean(VALUES, seed=4)


def test_queries_without_positives_are_left_out() -> None:
    with_gaps = np.insert(VALUES, [0, 500, 2000], np.nan)
    assert bootstrap_mean(with_gaps, seed=2) == bootstrap_mean(VALUES, seed=2)


def test_gain_draws_the_same_queries_for_all_systems() -> None:
    """Where each query gains the same share, so does every resample; unpaired, it would not."""
    old = RNG.random(300)
    new = old + RNG.random(300)
    low, high = bootstrap_gain(old + 0.3 * (new - old), old, new, seed=5)
    assert low == pytest.approx(0.3)
    assert high == pytest.approx(0.3)


def test_gain_agrees_with_the_delta_method() -> None:
    old = RNG.random(3000)
    new = old + 0.5 + RNG.random(3000)
    method = old + RNG.random(3000)
    low, high = bootstrap_gain(method, old, new, seed=6, resamples=4000)
    step = new - old
    ratio = (method - old).mean() / step.mean()
    spread = (method - old - ratio * step).std(ddof=1) / step.mean() / np.sqrt(3000)
    assert low == pytest.approx(ratio - 1.96 * spread, abs=0.2 * spread)
    assert high == pytest.approx(ratio + 1.96 * spread, abs=0.2 * spread)


def test_memory_is_bounded() -> None:
    tracemalloc.start()
    bootstrap_mean(np.arange(30_000.0), seed=7, resamples=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000 * 1000 * 8  # all resamples at once, without their indices


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([0.5, np.nan], {}, "per_query: expected at least two queries with positives, got 1"),
        ([[[0.5]]], {}, r"per_query: expected an array \(Q,\) or \(D, Q\), got shape \(1, 1, 1\)"),
        ([0.5, 1.0], {"resamples": 0}, "resamples: expected an integer of at least 1, got 0"),
        ([0.5, 1.0], {"level": 95}, "level: expected a finite number above 0 and below 1, got 95"),
    ],
)
def test_errors(values: list[float], options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        bootstrap_mean(values, seed=0, **options)  # type: ignore[arg-type]


def test_lengths_differ() -> None:
    with pytest.raises(InputError, match=r"per_query_new: expected shape \(2,\), got shape \(1,\)"):
        bootstrap_gain([0.1, 0.2], [0.1, 0.2], [0.3], seed=0)


def test_draws_of_the_encoders_widen_an_interval() -> None:
    rng = np.random.default_rng(0)
    query, draw = rng.normal(0, 1, 400), rng.normal(0, 1, 8)
    values = query + draw[:, None]
    low, high = bootstrap_mean(values, seed=1, resamples=4000)
    # Crossed factors: the variances of the two means add up.
    expected = np.hypot(query.std() / np.sqrt(400), draw.std() / np.sqrt(8))
    assert high - low == pytest.approx(2 * 1.96 * expected, rel=0.1)
    alone = bootstrap_mean(values.mean(axis=0), seed=1, resamples=4000)
    assert high - low > 3 * (alone.high - alone.low)


def test_methods_are_resampled_on_the_same_draws() -> None:
    rng = np.random.default_rng(1)
    old = rng.uniform(0.1, 0.2, (5, 50)) + rng.normal(0, 0.1, (5, 1))
    low, high = bootstrap_gain(old + 0.3, old, old + 0.5, seed=0)
    assert (low, high) == (pytest.approx(0.6), pytest.approx(0.6))


def test_one_draw_is_as_good_as_none() -> None:
    assert bootstrap_mean([VALUES], seed=3) == bootstrap_mean(VALUES, seed=3)
