from dataclasses import replace

import numpy as np
import pytest
from simulated import as_panel, as_study, at_levels, result

from backfill.reporting.findings import findings
from backfill.reporting.sections.comparison import comparison
from backfill.results import MethodResult

OLD, NEW = at_levels(0.2, 0.2, 0.2), at_levels(0.6, 0.6, 0.6)
QUERIES = 40


def said(**methods: MethodResult) -> str:
    panel = as_panel({"old": OLD, "new": NEW, **methods})
    return " ".join(findings(as_study({"all": panel}), "all"))


def with_precision(method: MethodResult, *levels: float) -> MethodResult:
    """The hits of a method, and every query's precision at these levels."""
    curves = (type(c)(c.fraction, np.tile(levels, (QUERIES, 1)), c.hits) for c in method.curves)
    return MethodResult(method.name, tuple(curves), method.distances)


def test_the_best_method_is_named_with_its_interval_and_gain():
    text = said(
        a=with_precision(at_levels(0.2, 0.4, 0.6), 0.2, 0.38, 0.6),
        b=with_precision(at_levels(0.2, 0.4, 0.6), 0.2, 0.4, 0.6),
    )
    # Areas 0.39 and 0.4, between 0.2 and 0.6.
    assert text.startswith("b is best: AUC_mAP 40.0% [40.0, 40.0], a Gain of 50%.")
    assert "Its mAP goes from 20.0% to 60.0% (no lower than new) and never falls." in text
    assert "a is next, 1.0 points behind [1.0, 1.0]." in text
    assert "Every method meets all three conditions." in text
    assert "AUC_CMC" not in text


def test_a_fall_a_low_end_and_a_lead_by_chance_are_said():
    a = with_precision(at_levels(0.6, 0.6, 0.6), 0.35, 0.35, 0.35)
    b = with_precision(at_levels(0.2, 0.2, 0.6), 0.4, 0.3998, 0.4)
    # Half of the queries do better with the one, half with the other: the lead is open.
    for curve in a.curves:
        curve.average_precision[::2] += 0.2
        curve.average_precision[1::2] -= 0.2
        curve.average_precision[:] += 0.045
    text = said(a=a, b=b)
    assert "(below new) and falls by up to 0.02 points in one step." in text
    assert "a is next, 0.5 points behind [" in text
    assert "]: not a clear difference." in text
    assert "No method meets all three conditions." in text
    assert "By AUC_CMC@1 the best is a, with 60.0% against 30.0%." in text


def test_the_shorter_side_of_the_conditions_is_named():
    good = {name: at_levels(0.2, 0.4, 0.6) for name in "abcdefgh"}
    bad = {name: at_levels(0.2, 0.4, 0.2) for name in "uvwxyz"}
    one_bad = said(**good, u=bad["u"])
    assert "8 of 9 methods meet all three conditions; u does not." in one_bad
    one_good = said(a=good["a"], **bad)
    assert "1 of 7 methods meets all three conditions: a." in one_good
    # So many names are not read; the table has them.
    many = said(**good, **bad, t=bad["u"])
    assert "8 of 15 methods meet all three conditions." in many


def test_a_fall_in_some_of_the_runs_says_in_how_many():
    falling = at_levels(0.2, 0.4, 0.6)
    falling.curves[0].average_precision[:, 1] = 0.7
    assert "falls by up to 10.0 points in one step, in 1 of 2 runs." in said(a=falling)


def test_a_bound_is_never_the_best_method():
    results = {
        "old": OLD,
        "new": NEW,
        "random": at_levels(0.2, 0.4, 0.6),
        "entropy": at_levels(0.2, 0.6, 0.6),
        "oracle": at_levels(0.2, 0.9, 0.6),
    }
    panel = replace(as_panel(results), bounds=frozenset({"oracle"}))
    text = findings(as_study({"all": panel}), "all")
    assert text[0].startswith("entropy is best")
    assert not any("oracle" in sentence for sentence in text[:-1])
    assert text[-1] == (
        "As a bound, with what nobody knows in advance, oracle has 65.0% of AUC_mAP."
    )
    shown = comparison(as_study({"all": panel}))
    assert shown is not None
    assert shown.sentences == ["Better than random on both AUC_mAP and AUC_CMC@1: entropy."]


def test_one_method_has_no_runner_up():
    assert "is next" not in said(a=at_levels(0.2, 0.4, 0.6))


def test_without_any_method_there_is_nothing_to_find():
    assert said() == "There is nothing to compare between old and new."


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # SciPy, on infinite gains
@pytest.mark.filterwarnings("ignore:The BCa confidence interval")
def test_no_gain_is_claimed_where_old_and_new_are_equal():
    flat = result(np.eye(4)[:, :2])
    panel = as_panel({"old": flat, "new": flat, "a": result(np.ones((4, 2)))})
    assert "Gain" not in " ".join(findings(as_study({"all": panel}), "all"))


def test_findings_are_few():
    text = findings(
        as_study({"all": as_panel({"old": OLD, "new": NEW} | dict.fromkeys("abcdefghijk", NEW))}),
        "all",
    )
    assert len(text) <= 5
