import json
import math

import numpy as np
import pytest
from simulated import SAMPLING

from backfill.reporting.conditions import Met
from backfill.reporting.numbers import Estimate, method_numbers
from backfill.results import MethodResult
from backfill.retrieval import BackfillCurve

FRACTION = np.array([0.0, 0.5, 1.0])


def result(*average_precision: list[list[float]], hits: list[list[int]]) -> MethodResult:
    """A method with one curve for each (Q, T) average precision; the hits are all the same."""
    right = np.array(hits, dtype=bool)
    curves = (
        BackfillCurve(FRACTION, np.array(values), {1: right, 5: right | True})
        for values in average_precision
    )
    return MethodResult("method", tuple(curves), {})


OLD = result([[0.2] * 3, [0.4] * 3, [math.nan] * 3], hits=[[1] * 3, [1] * 3, [0] * 3])
NEW = result([[0.6] * 3, [0.8] * 3, [math.nan] * 3], hits=[[1] * 3, [0] * 3, [0] * 3])
METHOD = result(
    [[0.3, 0.1, 0.7], [0.5, 0.5, 0.7], [math.nan] * 3],  # mAP 0.4, 0.3, 0.7: area 0.425
    [[0.3, 0.3, 0.9], [0.5, 0.5, 0.9], [math.nan] * 3],  # mAP 0.4, 0.4, 0.9: area 0.525
    hits=[[1, 0, 1], [0, 0, 1], [0] * 3],  # CMC 0.5, 0, 1: area 0.375
)


def test_numbers_equal_those_worked_out_by_hand():
    numbers = method_numbers(METHOD, OLD, NEW, SAMPLING)
    assert numbers.auc_map.value == 0.475
    assert numbers.auc_cmc[1].value == 0.375
    assert numbers.auc_cmc[5].value == 1.0
    assert numbers.gain.value == pytest.approx((0.475 - 0.3) / (0.7 - 0.3))
    # The mean curve is 0.4, 0.35, 0.8.
    assert numbers.map_start == 0.4
    assert numbers.map_end == 0.8
    assert numbers.worst_step == -0.1  # in the first run
    # The old system has both queries right; the method loses 1, 2 and 0 of them.
    assert numbers.nfr_1_start == 0.5
    assert numbers.nfr_1_max == 1.0
    assert numbers.nfr_1_mean == 0.5
    # The first run falls; the hits of both do, and start below old.
    assert numbers.on_map == Met(starts_at_old=2, ends_at_new=2, never_falls=1, runs=2)
    assert numbers.on_cmc_1 == Met(starts_at_old=0, ends_at_new=2, never_falls=0, runs=2)
    assert numbers.recall_min is None
    assert numbers.auc_map.std == pytest.approx(0.1 / math.sqrt(2), abs=1e-6)
    assert numbers.gain.std == pytest.approx(0.25 / math.sqrt(2), abs=1e-6)
    assert numbers.auc_cmc[1].std == 0.0


def test_intervals_hold_the_resampled_means_of_two_queries():
    # Areas 0.375 and 0.575 of the two queries: a resample's mean is 0.375, 0.475 or 0.575.
    numbers = method_numbers(METHOD, OLD, NEW, SAMPLING)
    assert (numbers.auc_map.low, numbers.auc_map.high) == (0.375, 0.575)
    # Paired with old and new, both queries have the same gain in every resample.
    assert (numbers.gain.low, numbers.gain.high) == (0.4375, 0.4375)


def test_gain_is_0_for_old_and_1_for_new():
    old, new = (method_numbers(method, OLD, NEW, SAMPLING).gain for method in (OLD, NEW))
    assert old[:3] == (0.0, 0.0, 0.0)
    assert new[:3] == (1.0, 1.0, 1.0)


def test_conditions_tell_a_low_start_and_a_low_end():
    low = result([[0.1, 0.3, 0.5], [0.3, 0.5, 0.7]], hits=[[1] * 3, [1] * 3])
    old = result([[0.3] * 3, [0.3] * 3], hits=[[1] * 3, [1] * 3])
    new = result([[0.7] * 3, [0.7] * 3], hits=[[1] * 3, [1] * 3])
    numbers = method_numbers(low, old, new, SAMPLING)
    assert numbers.on_map == Met(starts_at_old=0, ends_at_new=0, never_falls=1, runs=1)
    assert numbers.on_cmc_1.never_falls == 1


def test_a_mean_that_rises_does_not_hide_runs_that_fall():
    falling = result(
        [[0.2, 0.6, 0.5], [0.4, 0.8, 0.7], [math.nan] * 3],  # mAP 0.3, 0.7, 0.6
        [[0.2, 0.2, 0.8], [0.4, 0.4, 0.9], [math.nan] * 3],  # mAP 0.3, 0.3, 0.85
        hits=[[1] * 3, [1] * 3, [0] * 3],
    )
    numbers = method_numbers(falling, OLD, NEW, SAMPLING)
    assert numbers.map_end > 0.7
    assert numbers.on_map == Met(starts_at_old=2, ends_at_new=1, never_falls=1, runs=2)
    assert numbers.worst_step == -0.1
    assert not numbers.on_map.everywhere
    assert Met(3, 3, 3, 3).everywhere


def test_a_run_is_judged_by_the_references_of_its_own_draw():
    hits = [[1] * 3, [1] * 3]

    def of_draws(*levels: float) -> MethodResult:
        return MethodResult.of_draws([result([[level] * 3] * 2, hits=hits) for level in levels])

    numbers = method_numbers(of_draws(0.3, 0.5), of_draws(0.2, 0.6), of_draws(0.3, 0.4), SAMPLING)
    assert numbers.on_map == Met(starts_at_old=1, ends_at_new=2, never_falls=2, runs=2)


def test_one_seed_has_no_spread():
    estimates = method_numbers(NEW, OLD, NEW, SAMPLING).estimates
    assert list(estimates) == ["auc_map", "auc_cmc_1", "auc_cmc_5", "gain"]
    assert all(math.isnan(estimate.std) for estimate in estimates.values())


def test_the_headline_is_table_1_and_the_row_has_all():
    numbers = method_numbers(METHOD, OLD, NEW, SAMPLING)
    assert numbers.headline() == {
        "auc_map": 0.475,
        "auc_cmc_1": 0.375,
        "gain": 0.4375,
    }
    row = numbers.row()
    assert [row[key] for key in ("map_start", "map_end", "nfr_1_mean")] == [0.4, 0.8, 0.5]
    assert numbers.headline().items() <= row.items()
    for key in ("auc_map", "auc_cmc_1", "auc_cmc_5", "gain"):
        assert numbers.estimates[key] == Estimate(
            row[key], row[f"{key}_low"], row[f"{key}_high"], row[f"{key}_std"]
        )
    rest = [
        "worst_step",
        "nfr_1_start",
        "nfr_1_max",
        "runs",
        "map_never_falls",
        "cmc_1_never_falls",
    ]
    assert [row[key] for key in rest] == [-0.1, 0.5, 1.0, 2, 1, 0]
    assert [row[key] for key in ("map_starts_at_old", "map_ends_at_new")] == [2, 2]
    assert "recall_min" not in row


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # SciPy, on infinite gains
def test_equal_references_leave_gain_empty_and_the_json_valid():
    headline = method_numbers(METHOD, OLD, OLD, SAMPLING).headline()
    assert headline["gain"] is None
    assert json.loads(json.dumps(headline, allow_nan=False)) == headline


def test_a_curve_that_only_falls_by_rounding_has_no_fall():
    # Within the tolerance of a step; -0.0 would read as a fall.
    almost = result([[0.5, 0.5 - 1e-8, 0.5]] * 3, hits=[[1] * 3] * 3)
    assert str(method_numbers(almost, OLD, NEW, SAMPLING).worst_step) == "0.0"


def test_references_with_fewer_seeds_serve_every_seed():
    # Two seeds of the method against one of old: negative flips are defined for both.
    assert method_numbers(METHOD, OLD, NEW, SAMPLING).nfr_1_mean == 0.5
