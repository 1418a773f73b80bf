"""The decision: switch now, later or not, by which method, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backfill.forecast.methods import FALL_BACK, METHODS
from backfill.forecast.outcome import CascadeForecast, Decision, MethodForecast, Value

# An order other than a random one is recommended if it adds so much to the area.
_WORTH_AN_ORDER = 0.005
_SURE = 0.001  # width of an interval that is not worth saying


def recommended(methods: Sequence[MethodForecast], measure: str) -> MethodForecast:
    """The eligible calibrated method with the largest area; the fall-back if there is none.

    How far scores of two systems agree is not seen well from few known items: without calibration
    a curve may fall where it was not expected to.

    Args:
        methods: all of them.
        measure: that decides.
    """
    eligible = [of for of in methods if of.eligible and METHODS[of.name].calibrated]
    if not eligible:
        return next(method for method in methods if method.name == FALL_BACK)
    return max(eligible, key=lambda method: method.area[measure].value)


def decide(
    methods: Sequence[MethodForecast],
    orders: Mapping[str, Value],
    cascade: CascadeForecast,
    better: Value | None,
    measure: str,
    fractions: Sequence[float],
    old: Value,
) -> Decision:
    """Decide.

    Args:
        methods: what each would do.
        orders: the area of the recommended method with each order.
        cascade: what embedding on demand would do.
        better: how far the new system is above the old one; None: nobody has judged.
        measure: that decides.
        fractions: of the curves.
        old: the old system's value.
    """
    method = recommended(methods, measure)
    order = max(orders, key=lambda name: orders[name].value)
    if orders[order].value - orders["random"].value < _WORTH_AN_ORDER:
        order = "random"
    after, reasons = 0.0, []
    curve = method.curves[measure]
    if better is not None and better.low <= 0:
        return _keep(method, order, better, measure)
    if not method.eligible:
        after = _above_from(curve, fractions, old)
    if better is not None:
        reasons.append(
            f"The new model is better: {measure} changes by {signed(better)}, from {percent(old)}."
        )
    else:
        reasons.append(
            "Nobody knows yet whether the new model is better: there are no judgements, and "
            f"{measure} only measures how near results are to the new model's."
        )
    reasons.append(
        f"{method.title[0].upper()}{method.title[1:]}: {measure} starts at {percent(curve[0])}, "
        f"{signed(method.start)} beside the old system, and ends at {percent(curve[-1])}."
    )
    if method.fall is None:
        reasons.append("It never falls on the way, within chance.")
    else:
        reasons.append(
            f"It falls between {method.fall.start:.0%} and {method.fall.end:.0%}: "
            f"{signed(method.fall.change)}."
        )
    out = [method for method in methods if not method.eligible]
    if out:
        why = "as they start below the old system or fall"
        reasons.append(f"Not recommended, {why}: {_named(out)}.")
    reasons.append(
        f"With {cascade.k} embeddings per query on demand, {measure} is "
        f"{percent(cascade.curves[measure][0])} from the first query on."
    )
    headline = f"Switch now: {method.title}."
    if after >= 1:
        headline = "Embed everything first, then switch: every way of merging falls on the way."
    elif after > 0:
        headline = f"Embed {after:.0%} of the gallery first, then switch: {method.title}."
    return Decision(
        verdict="switch" if after == 0 else "wait",
        headline=headline,
        reasons=reasons,
        method=method.name,
        order=order,
        after=after,
    )


def _keep(method: MethodForecast, order: str, better: Value, measure: str) -> Decision:
    worse = better.high < 0
    headline = (
        "Keep the old model: the new one is worse on these queries."
        if worse
        else "Keep the old model: the new one is no better beyond chance on these queries."
    )
    reasons = [f"{measure} changes by {signed(better)} with everything embedded anew."]
    if not worse:
        reasons.append("More judged queries would tell a smaller difference from chance.")
    return Decision(
        verdict="keep", headline=headline, reasons=reasons, method=method.name, order=order, after=0
    )


def _above_from(curve: Sequence[Value], fractions: Sequence[float], old: Value) -> float:
    """The fraction from which a curve stays at or above the old system."""
    below = [f for f, value in zip(fractions, curve, strict=True) if value.value < old.value]
    later = [fraction for fraction in fractions if not below or fraction > max(below)]
    return min(later, default=1.0)


def percent(value: Value) -> str:
    """An estimate in per cent, with its interval unless it is sure."""
    if value.high - value.low < _SURE:
        return f"{100 * value.value:.1f}"
    return f"{100 * value.value:.1f} ({100 * value.low:.1f} to {100 * value.high:.1f})"


def signed(value: Value) -> str:
    """A difference in points, with its interval."""
    return f"{100 * value.value:+.1f} points ({100 * value.low:+.1f} to {100 * value.high:+.1f})"


def _named(methods: Sequence[MethodForecast]) -> str:
    return ", ".join(f"`{method.name}`" for method in methods)
