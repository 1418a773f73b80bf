"""Items that are no candidates and may yet be among the first."""

import numpy as np
import pytest

from backfill.forecast.outside import MOST, OutsideModel

QUERIES, KNOWN = 40, 500
RNG = np.random.default_rng(0)
CHANNELS = RNG.normal(size=(2, QUERIES, KNOWN)).astype(np.float32)
NEW = RNG.normal(size=(QUERIES, KNOWN)).astype(np.float32)
NOBODY = np.zeros((QUERIES, KNOWN), bool)
ALIKE = np.zeros(QUERIES, np.float32)


def model(outside: int, is_candidate: np.ndarray = NOBODY) -> OutsideModel:
    return OutsideModel(CHANNELS, NEW, is_candidate, np.full(QUERIES, outside), ALIKE)


def test_as_large_a_share_is_drawn_as_is_known_to_be_near() -> None:
    threshold = np.full(QUERIES, 2.0, np.float32)
    share = (NEW > 2).mean()
    rng = np.random.default_rng(1)
    counts = [
        np.isfinite(model(1500).draw(threshold, rng).after).sum(axis=1).mean() for _ in range(5)
    ]
    assert np.mean(counts) == pytest.approx(share * 1500, rel=0.15)


def test_candidates_do_not_count() -> None:
    half = np.zeros((QUERIES, KNOWN), bool)
    half[:, ::2] = True
    threshold = np.full(QUERIES, 2.0, np.float32)
    drawn = model(1000, half).draw(threshold, np.random.default_rng(1))
    counts = np.isfinite(drawn.after).sum(axis=1)
    assert counts.mean() == pytest.approx((NEW[:, 1::2] > 2).mean() * 1000, rel=0.2)
    assert set(drawn.after[np.isfinite(drawn.after)]) <= set(NEW[:, 1::2].ravel())


def test_what_is_drawn_exceeds_the_threshold_and_keeps_its_scores_by_the_channels() -> None:
    threshold = np.linspace(1, 2.5, QUERIES).astype(np.float32)
    drawn = model(1500).draw(threshold, np.random.default_rng(1))
    there = np.isfinite(drawn.after)
    assert (drawn.after[there] > np.broadcast_to(threshold[:, None], there.shape)[there]).all()
    known = {float(new): CHANNELS[:, q, i].tolist() for (q, i), new in np.ndenumerate(NEW)}
    for query, column in np.argwhere(there)[::50]:
        scores = drawn.before[:, query, column].tolist()
        assert scores == known[float(drawn.after[query, column])]


def test_of_very_many_the_nearest_ones_are_given() -> None:
    threshold = np.full(QUERIES, -1.0, np.float32)
    drawn = model(10_000).draw(threshold, np.random.default_rng(1))
    assert drawn.after.shape == (QUERIES, MOST)
    assert drawn.after.min() > 1


def test_there_are_none_where_all_items_are_candidates() -> None:
    threshold = np.full(QUERIES, -9.0, np.float32)
    drawn = model(0, ~NOBODY).draw(threshold, np.random.default_rng(1))
    assert (drawn.after == -np.inf).all()
    assert (drawn.before == -np.inf).all()
