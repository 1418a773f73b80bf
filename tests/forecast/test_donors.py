"""Known pairs from which unknown new cosines are completed."""

import numpy as np
import pytest

from backfill.forecast import donors as module
from backfill.forecast.donors import donors

RNG = np.random.default_rng(0)
CHANNELS = RNG.normal(size=(2, 6, 50)).astype(np.float32)
NEW = RNG.normal(size=(6, 50)).astype(np.float32)


def test_a_donor_is_a_pair_with_all_of_its_scores() -> None:
    found = donors(CHANNELS, NEW, 0)
    assert len(found.new) == NEW.size
    np.testing.assert_array_equal(found.new, NEW[found.query, found.item])
    np.testing.assert_array_equal(found.channels, CHANNELS[:, found.query, found.item])


def test_a_pair_without_a_new_score_is_none() -> None:
    unknown = np.where(np.arange(50) < 20, np.nan, NEW).astype(np.float32)
    found = donors(CHANNELS, unknown, 0)
    assert found.item.min() == 20


def test_all_near_pairs_are_donors_and_only_some_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_OTHERS", 30)
    found = donors(CHANNELS, NEW, 0)
    near = (CHANNELS > 1.5).any(axis=0)
    assert len(found.new) == near.sum() + 30
    assert near[found.query, found.item].sum() == near.sum()


def test_items_are_redrawn_with_all_of_their_pairs() -> None:
    found = donors(CHANNELS, NEW, 0)
    again = found.redrawn(np.random.default_rng(1))
    times = np.zeros((6, 50), int)
    np.add.at(times, (again.query, again.item), 1)
    assert (times == times[0]).all()
    assert times[0].sum() == 50
    assert times.max() > 1
    np.testing.assert_array_equal(again.new, NEW[again.query, again.item])
