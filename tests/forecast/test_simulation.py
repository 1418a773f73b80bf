"""The first items of merged rankings, against a plain sort."""

import numpy as np
import pytest

from backfill.forecast.simulation import merged

RNG = np.random.default_rng(0)
# Few different scores, so that there are many ties.
BEFORE, AFTER = RNG.integers(8, size=(2, 9, 60)).astype(np.float32)
SWITCHES = RNG.random((9, 60)).astype(np.float32)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("k", [1, 10, 60])
def test_it_is_a_stable_sort_of_what_each_item_scores_now(fraction: float, k: int) -> None:
    now = np.where(fraction > SWITCHES, AFTER, BEFORE)
    wanted = np.argsort(-now, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(merged(BEFORE, AFTER, SWITCHES, fraction, k), wanted)


def test_a_ranking_ends_where_there_are_no_more_items() -> None:
    before = np.array([[0.5, -np.inf, 0.7]], np.float32)
    found = merged(before, before, np.zeros_like(before), 0.0, 5)
    assert found.tolist() == [[2, 0, -1, -1, -1]]
