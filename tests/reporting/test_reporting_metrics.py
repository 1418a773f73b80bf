import json
import math

import numpy as np
import pytest

from backfill.reporting.metrics import method_metrics
from backfill.results import MethodResult
from backfill.retrieval import BackfillCurve

FRACTION = np.array([0.0, 0.5, 1.0])
SETTING = {"seed": 0, "resamples": 200, "level": 0.9}


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
    metrics = method_metrics(METHOD, OLD, NEW, **SETTING)
    assert metrics["auc_map"] == 0.475
    assert metrics["auc_cmc_1"] == 0.375
    assert metrics["auc_cmc_5"] == 1.0
    assert metrics["gain"] == pytest.approx((0.475 - 0.3) / (0.7 - 0.3))
    # The mean curve is 0.4, 0.35, 0.8.
    assert metrics["map_start"] == 0.4
    assert metrics["map_end"] == 0.8
    assert metrics["worst_step"] == -0.05
    # The old system has both queries right; the method loses 1, 2 and 0 of them.
    assert metrics["nfr_1_max"] == 1.0
    assert metrics["nfr_1_mean"] == 0.5
    assert metrics["conditions"] == {
        "starts_at_old": True,
        "ends_at_new": True,
        "never_falls": False,
        "cmc_1_never_falls": False,
    }
    assert metrics["seed_std"]["auc_map"] == pytest.approx(0.1 / math.sqrt(2), abs=1e-6)
    assert metrics["seed_std"]["gain"] == pytest.approx(0.25 / math.sqrt(2), abs=1e-6)
    assert metrics["seed_std"]["auc_cmc_1"] == 0.0


def test_intervals_hold_the_resampled_means_of_two_queries():
    # Areas 0.375 and 0.575 of the two queries: a resample's mean is 0.375, 0.475 or 0.575.
    interval = method_metrics(METHOD, OLD, NEW, **SETTING)["ci"]["auc_map"]
    assert interval == {"low": 0.375, "high": 0.575}
    # Paired with old and new, both queries have the same gain in every resample.
    assert method_metrics(METHOD, OLD, NEW, **SETTING)["ci"]["gain"] == {
        "low": 0.4375,
        "high": 0.4375,
    }


def test_gain_is_0_for_old_and_1_for_new():
    old, new = (method_metrics(method, OLD, NEW, **SETTING) for method in (OLD, NEW))
    assert (old["gain"], new["gain"]) == (0.0, 1.0)
    assert old["ci"]["gain"] == {"low": 0.0, "high": 0.0}
    assert new["ci"]["gain"] == {"low": 1.0, "high": 1.0}


def test_conditions_tell_a_low_start_and_a_low_end():
    low = result([[0.1, 0.3, 0.5], [0.3, 0.5, 0.7]], hits=[[1] * 3, [1] * 3])
    old = result([[0.3] * 3, [0.3] * 3], hits=[[1] * 3, [1] * 3])
    new = result([[0.7] * 3, [0.7] * 3], hits=[[1] * 3, [1] * 3])
    conditions = method_metrics(low, old, new, **SETTING)["conditions"]
    assert conditions == {
        "starts_at_old": False,
        "ends_at_new": False,
        "never_falls": True,
        "cmc_1_never_falls": True,
    }


def test_one_seed_has_no_spread():
    spread = method_metrics(NEW, OLD, NEW, **SETTING)["seed_std"]
    assert spread == {"auc_map": None, "auc_cmc_1": None, "auc_cmc_5": None, "gain": None}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # SciPy, on infinite gains
def test_equal_references_leave_gain_empty_and_the_json_valid():
    metrics = method_metrics(METHOD, OLD, OLD, **SETTING)
    assert metrics["gain"] is None
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_references_with_fewer_seeds_serve_every_seed():
    # Two seeds of the method against one of old: negative flips are defined for both.
    assert method_metrics(METHOD, OLD, NEW, **SETTING)["nfr_1_mean"] == 0.5
