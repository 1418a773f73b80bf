from typing import Any

from backfill.reporting.findings import findings


def numbers(auc_map: float, auc_cmc_1: float, worst_step: float, ends: bool) -> dict[str, Any]:
    return {
        "auc_map": auc_map,
        "auc_cmc_1": auc_cmc_1,
        "gain": 0.5,
        "map_start": 0.2,
        "map_end": 0.4,
        "worst_step": worst_step,
        "conditions": {
            "starts_at_old": True,
            "ends_at_new": ends,
            "never_falls": worst_step >= 0,
        },
        "ci": {"auc_map": {"low": auc_map - 0.01, "high": auc_map + 0.01}},
    }


OLD, NEW = numbers(0.2, 0.3, 0.0, ends=False), numbers(0.9, 0.9, 0.0, ends=True)


def said(level: float = 0.95, **methods: dict[str, Any]) -> str:
    metrics = {"old": OLD, "new": NEW, **methods}
    return " ".join(findings(metrics, old="old", new="new", level=level))


def test_the_best_method_is_named_with_its_interval_and_gain():
    text = said(a=numbers(0.31, 0.5, 0.0, True), b=numbers(0.35, 0.6, 0.0, True))
    assert "b has the largest AUC_mAP: 35.0 % (95 % interval 34.0 % to 36.0 %)" in text
    assert "a Gain of 50 %" in text
    assert "Next is a, 4.0 points behind; the two intervals do not overlap." in text
    assert "and never falls on the way" in text
    assert "All three conditions are met by 2 of 2 methods: a and b." in text
    assert "AUC_CMC" not in text


def test_a_fall_a_low_end_and_an_overlap_are_said():
    text = said(a=numbers(0.34, 0.7, -0.02, True), b=numbers(0.35, 0.6, -0.0002, False))
    assert "below that of new, and falls on the way, by up to 0.02 points at one step" in text
    assert "the two intervals overlap" in text
    assert "None of the 2 methods meets all three conditions." in text
    assert "By AUC_CMC the best method is another one: a with 70.0 %, against 60.0 % for b." in text


def test_one_method_has_no_runner_up():
    assert "Next is" not in said(a=numbers(0.3, 0.5, 0.0, True))


def test_without_any_method_there_is_nothing_to_find():
    assert said() == "There is nothing between old and new to compare yet."


def test_no_gain_is_claimed_where_old_and_new_are_equal():
    assert "Gain" not in said(a=numbers(0.3, 0.5, 0.0, True) | {"gain": None})
