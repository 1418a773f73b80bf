import numpy as np
import pytest
from simulated import SAMPLING, at_levels, result

from backfill.reporting.measures import MAP, cmc, nfr
from backfill.reporting.paired import Difference, paired_difference

OLD = result([[1, 1], [1, 1], [0, 0], [0, 0]])


def test_differences_equal_those_worked_out_by_hand():
    better = result([[1, 1], [0, 1], [1, 1], [0, 0]])  # areas 1, 0.5, 1, 0
    worse = result([[1, 1], [0, 0], [0, 1], [0, 0]])  # areas 1, 0, 0.5, 0
    found = paired_difference(better, worse, MAP, OLD, SAMPLING)
    assert (found.value, found.baseline, found.difference) == (0.625, 0.375, 0.25)
    # Of the two queries that old has right, one is wrong half of the time, or all of it.
    found = paired_difference(better, worse, nfr(1), OLD, SAMPLING)
    assert (found.value, found.baseline, found.difference) == (0.25, 0.5, -0.25)
    assert (found.low, found.high) == (-0.5, 0.0)


def test_the_same_queries_are_drawn_for_both():
    # Queries differ as much as they can; a shift that all of them share is certain all the same.
    first = at_levels(0.5, 0.5, 1.0)
    second = result(*(np.delete(c.hits[1], 2, axis=1)[:, [0, 1, 1]] for c in first.curves))
    spread = paired_difference(first, second, cmc(1), first, SAMPLING)
    assert spread.low < spread.difference < spread.high
    same = paired_difference(first, first, cmc(1), first, SAMPLING)
    assert same == Difference(same.value, same.value, 0.0, 0.0)
    shifted = type(first)("m", tuple(lifted(c, 0.25) for c in first.curves), first.distances)
    found = paired_difference(shifted, first, MAP, first, SAMPLING)
    assert (found.low, found.high) == pytest.approx((0.25, 0.25))


def lifted(curve, by):
    return type(curve)(curve.fraction, curve.average_precision + by, curve.hits)


def test_every_seed_is_measured_against_its_own_old_seed():
    old = result([[1, 1], [0, 0], [0, 0]], [[1, 1], [1, 1], [0, 0]])
    # The first seed loses its only query, the second one of two.
    method = result([[0, 0], [0, 0], [1, 1]], [[0, 0], [1, 1], [1, 1]])
    found = paired_difference(method, old, nfr(1), old, SAMPLING)
    assert found.value == pytest.approx((1 + 1 / 2) / 2)
    assert found.baseline == 0


def test_queries_without_positives_do_not_count():
    with_nan = at_levels(0.5, 1.0, queries=4)
    for curve in with_nan.curves:
        curve.average_precision[3] = np.nan
        curve.hits[1][3] = False
    found = paired_difference(with_nan, with_nan, cmc(1), with_nan, SAMPLING)
    assert found.value == pytest.approx((2 / 3 + 1) / 2)


def test_flips_of_an_old_system_without_a_hit_are_undecided():
    never = result(np.zeros((4, 2)))
    found = paired_difference(OLD, never, nfr(1), never, SAMPLING)
    assert np.isnan(found.difference)
    assert found.verdict(nfr(1)) == "undecided"


@pytest.mark.parametrize(
    ("low", "high", "more", "less"),
    [
        (0.1, 0.2, "better", "worse"),
        (-0.2, -0.1, "worse", "better"),
        (0.0, 0.2, *["undecided"] * 2),
    ],
)
def test_a_verdict_knows_which_direction_is_better(low, high, more, less):
    found = Difference(0.5, 0.4, low, high)
    assert (found.verdict(MAP), found.verdict(nfr(1))) == (more, less)
