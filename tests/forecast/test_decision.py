"""Switch now, later, or not."""

from typing import Any

import pytest

from backfill.forecast.decision import decide, recommended
from backfill.forecast.methods import FALL_BACK
from backfill.forecast.outcome import CascadeForecast, Decision, Drop, MethodForecast, Value

FRACTIONS = (0.0, 0.5, 1.0)


def value(at: float, half: float = 0.01) -> Value:
    return Value(value=at, low=at - half, high=at + half)


OLD = value(0.5)


def method(name: str, *levels: float, eligible: bool = True, **changed: Any) -> MethodForecast:
    return MethodForecast(
        name=name,
        title=f"the way of {name}",
        curves={"m": [value(level) for level in levels]},
        area={"m": value(sum(levels) / len(levels))},
        start=value(levels[0] - OLD.value),
        **({"fall": None} | changed),
        eligible=eligible,
    )


CASCADE = CascadeForecast(
    k=50, base="ridge", curves={"m": [value(0.8)] * 3}, embedded=[50, 25, 0], embedded_late=9
)
SAFE = method(FALL_BACK, 0.5, 0.6, 0.9)
GOOD = method("ridge", 0.7, 0.8, 0.9)
FALLING = method(
    "procrustes", 0.8, 0.95, 0.9, eligible=False,
    fall=Drop(start=0.5, end=1.0, change=value(-0.05)),
)  # fmt: skip


def decided(
    *methods: MethodForecast, better: Value | None = None, orders: dict[str, float] | None = None
) -> Decision:
    areas = {name: value(at) for name, at in ({"random": 0.8} | (orders or {})).items()}
    return decide(methods, areas, CASCADE, better, "m", FRACTIONS, OLD)


def test_the_largest_area_of_those_that_never_fall_is_recommended() -> None:
    assert recommended([SAFE, FALLING, GOOD], "m") is GOOD
    assert recommended([FALLING, method(FALL_BACK, 0.4, 0.6, 0.9, eligible=False)], "m").name == (
        FALL_BACK
    )


def test_switch_now() -> None:
    found = decided(SAFE, GOOD, FALLING, better=value(0.4))
    assert found.verdict == "switch"
    assert (found.method, found.after) == ("ridge", 0)
    said = " ".join(found.reasons)
    assert "m changes by +40.0 points" in said
    assert "never falls" in said
    assert "`procrustes`" in said
    assert "50 embeddings per query" in said


def test_switch_without_judgements_says_what_nobody_knows() -> None:
    found = decided(SAFE, GOOD)
    assert found.verdict == "switch"
    assert "Nobody knows yet whether the new model is better" in found.reasons[0]


def test_switch_once_the_curve_stays_above_old() -> None:
    low = method(FALL_BACK, 0.3, 0.6, 0.9, eligible=False)
    found = decided(low, FALLING, better=value(0.4))
    assert found.verdict == "wait"
    assert found.after == 0.5
    assert found.headline.startswith("Embed 50% of the gallery first")


def test_switch_at_the_end_where_nothing_comes_above_old_before() -> None:
    low = method(FALL_BACK, 0.3, 0.4, 0.45, eligible=False)
    assert decided(low, better=value(0.1)).after == 1


def test_a_fall_of_the_recommended_method_is_named() -> None:
    falls = method(
        FALL_BACK, 0.6, 0.7, 0.65, eligible=False,
        fall=Drop(start=0.5, end=1.0, change=value(-0.05)),
    )  # fmt: skip
    said = " ".join(decided(falls, better=value(0.1)).reasons)
    assert "falls between 50% and 100%: -5.0 points" in said


@pytest.mark.parametrize(
    ("change", "why"), [(-0.1, "is worse"), (0.005, "no better beyond chance")]
)
def test_keep_a_model_that_nothing_improves_on(change: float, why: str) -> None:
    found = decided(SAFE, GOOD, better=value(change))
    assert found.verdict == "keep"
    assert why in found.headline


def test_an_order_has_to_be_worth_it() -> None:
    assert decided(GOOD, orders={"hubs": 0.83}).order == "hubs"
    assert decided(GOOD, orders={"hubs": 0.804}).order == "random"
