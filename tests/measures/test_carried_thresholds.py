"""A threshold of the old system's similarity in the new one's."""

from typing import Any

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.measures import carry_threshold

FEW = 20


def pairs(size: int, seed: int) -> tuple[Any, Any, Any]:
    """Old and new scores on scales of their own, and whether the pairs are relevant."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(size=size)
    relevant = rng.random(size) < 1 / (1 + np.exp(2 - 2 * worth))
    old = 0.5 + 0.15 * (worth + 0.9 * rng.normal(size=size))
    return old, 0.3 + 0.2 * (worth + 0.4 * rng.normal(size=size)), relevant


def test_the_same_scores_keep_their_threshold() -> None:
    old, _, relevant = pairs(2000, 0)
    for judged in (None, relevant):
        carried = carry_threshold(old, old, 0.6, judged, resamples=FEW)
        # To within a step from one pair to the next, or of the fitted relevance.
        assert carried.threshold == pytest.approx(0.6, abs=0.01)
        assert carried.new == pytest.approx(carried.old, abs=1e-6)


def test_a_monotone_change_of_scale_is_undone() -> None:
    old, _, relevant = pairs(2000, 1)
    plain = carry_threshold(old, old, 0.6, relevant, resamples=FEW)
    scaled = carry_threshold(old, 10 * old - 3, 0.6, relevant, resamples=FEW)
    np.testing.assert_allclose(
        [scaled.threshold, scaled.low, scaled.high],
        10 * np.array([plain.threshold, plain.low, plain.high]) - 3,
    )


def test_precision_is_kept_on_pairs_that_were_not_seen() -> None:
    old, new, relevant = pairs(2000, 2)
    carried = carry_threshold(old, new, 0.6, relevant, resamples=FEW)
    assert carried.equal == "precision"
    more_old, more_new, more_relevant = pairs(100_000, 3)
    aim = more_relevant[more_old >= 0.6].mean()
    assert more_relevant[more_new >= carried.threshold].mean() == pytest.approx(aim, abs=0.03)
    # The better system accepts more pairs at the same precision.
    assert (more_new >= carried.threshold).mean() > 1.2 * (more_old >= 0.6).mean()


def test_without_judgements_the_share_of_accepted_pairs_is_kept() -> None:
    old, new, _ = pairs(2000, 4)
    carried = carry_threshold(old, new, 0.6, resamples=FEW)
    assert carried.equal == "share of accepted pairs"
    assert (new >= carried.threshold).mean() == pytest.approx((old >= 0.6).mean(), abs=1e-3)


def test_intervals_hold_the_threshold_of_all_pairs() -> None:
    everything = pairs(100_000, 5)
    for judged, at_least in ((True, 8), (False, 8)):
        relevant = everything[2] if judged else None
        truth = carry_threshold(*everything[:2], 0.6, relevant, resamples=2).threshold
        held = 0
        for seed in range(10):
            old, new, flags = pairs(500, 100 + seed)
            found = carry_threshold(old, new, 0.6, flags if judged else None, resamples=100)
            held += found.low <= truth <= found.high
        assert held >= at_least


def test_pairs_of_a_query_are_drawn_together() -> None:
    old, new, relevant = pairs(200, 6)
    group = np.repeat(np.arange(200), 10)
    many = [np.repeat(of, 10) for of in (old, new, relevant)]
    alone = carry_threshold(old, new, 0.6, relevant, resamples=200)
    together = carry_threshold(*many[:2], 0.6, many[2], groups=group, resamples=200)
    apart = carry_threshold(*many[:2], 0.6, many[2], resamples=200)
    assert together[:3] == pytest.approx(alone[:3])
    assert apart.high - apart.low < 0.6 * (together.high - together.low)


def test_a_weight_counts_as_so_many_pairs() -> None:
    old, new, relevant = pairs(300, 7)
    times = np.random.default_rng(0).integers(0, 4, 300)
    repeated = [np.repeat(of, times) for of in (old, new, relevant)]
    for judged in (True, False):
        weighted = carry_threshold(
            old, new, 0.6, relevant if judged else None, times, resamples=FEW
        )
        plain = carry_threshold(*repeated[:2], 0.6, repeated[2] if judged else None, resamples=FEW)
        kept = np.sort(new[times > 0])
        # Between the same two pairs that count.
        assert np.searchsorted(kept, weighted.threshold) == np.searchsorted(kept, plain.threshold)
        assert weighted.old == pytest.approx(plain.old)


def test_a_system_that_is_never_so_precise_says_so() -> None:
    relevant = np.array([1, 1, 1, 0, 0, 0])
    old = np.array([0.9, 0.8, 0.7, 0.3, 0.2, 0.1])
    carried = carry_threshold(old, old[::-1].copy(), 0.7, relevant, resamples=FEW)
    assert carried.old == 1.0
    assert carried.new == 0.5
    carried = carry_threshold(old, np.full(6, 0.4), 0.7, relevant, resamples=FEW)
    assert (carried.threshold, carried.new) == (0.4, 0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"new": [0.1]}, "^new_scores: expected 3 rows as in old_scores, got 1"),
        ({"new": [0.1, np.nan, 0.2]}, "^new_scores: expected finite numbers, one per pair"),
        ({"threshold": 0.95}, "^threshold: expected one that the old system's scores reach, at mo"),
        ({"threshold": np.nan}, "^threshold: expected a finite number, got nan"),
        ({"relevant": [0, 0, 1]}, "^relevant: expected a relevant pair that the old system acc"),
        ({"weights": [1, -1, 1]}, "^weights: expected none below 0, got -1"),
        ({"weights": [0, 0, 1]}, "^threshold: expected one that the old system's scores reach"),
        ({"groups": [5, 5, 5]}, "^old_scores: expected at least two groups, got 1"),
        ({"level": 1.0}, "^level: expected a finite number above 0 and below 1, got 1.0"),
        ({"resamples": 1}, "^resamples: expected an integer of at least 2, got 1"),
    ],
)
def test_unusable_pairs(change: dict[str, Any], message: str) -> None:
    given = {"old": [0.9, 0.8, 0.1], "new": [0.9, 0.7, 0.2], "threshold": 0.5} | change
    with pytest.raises(InputError, match=message):
        carry_threshold(given.pop("old"), given.pop("new"), given.pop("threshold"), **given)
