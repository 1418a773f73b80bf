"""The figures of the page: the recommended method's curve, and those of all methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from backfill.arrays import Float64s
from backfill.forecast.methods import FALL_BACK
from backfill.forecast.outcome import Forecast, Value
from backfill.forecast.page import labels
from backfill.forecast.page.drawing import Curve, Level, at, curve
from backfill.forecast.page.labels import Label, Wanted
from backfill.forecast.page.scale import Scale, scale_of
from backfill.forecast.page.words import number, share


class Marker(NamedTuple):
    """An upright line at x with a dot at y, in per cent of the plot."""

    x: float
    y: float


class Figure(NamedTuple):
    """What is drawn.

    Attributes:
        title: of the figure.
        said: what it shows, in words.
        scale: of the measure.
        curves: the most important last.
        levels: of the old system, and of the new one where it is judged.
        markers: where the gallery is now, and where to switch.
        labels: names of all these.
    """

    title: str
    said: str
    scale: Scale
    curves: list[Curve]
    levels: list[Level]
    markers: list[Marker]
    labels: list[Label]


def main_figure(forecast: Forecast) -> Figure:
    """The recommended method's curve with its band, beside the old system and the fall-back."""
    measure, fractions, decision = forecast.measure, forecast.fractions, forecast.decision
    best, levels = forecast.method(decision.method), _levels(forecast)
    drawn = {"recommended": best.curves[measure]}
    if best.name != FALL_BACK and any(method.name == FALL_BACK for method in forecast.methods):
        drawn = {"fall-back": forecast.method(FALL_BACK).curves[measure], **drawn}
    names = {
        "recommended": best.name,
        "fall-back": "fall-back",
        "old": f"old model: {number(levels['old'])}",
        "new": f"new model: {number(levels.get('new', 0))}",
    }
    scale = scale_of([*levels.values(), *_extent(drawn["recommended"]),
                      *(v.value for values in drawn.values() for v in values)])  # fmt: skip
    markers = {f"you are here: {share(forecast.here)}": forecast.here}
    if decision.verdict == "wait":
        markers[f"switch here: {share(decision.after)}"] = decision.after
    heights = {
        role: _heights([v.value for v in values], fractions, scale)
        for role, values in drawn.items()
    } | {role: np.full(len(labels.GRID), _pixels(scale, level)) for role, level in levels.items()}
    wanted = [Wanted("marker", text, labels.beside_upright(text, x)) for text, x in markers.items()]
    for role, prefer in (("recommended", 0.4), ("old", 1), ("new", 0), ("fall-back", 0.6)):
        if role in heights:
            edges = heights[role], heights[role]
            if role == "recommended":
                edges = tuple(  # type: ignore[assignment]
                    _heights([getattr(v, side) for v in drawn[role]], fractions, scale)
                    for side in ("high", "low")
                )
            places = labels.beside(names[role], *edges, prefer=prefer)
            wanted.append(Wanted(role, names[role], places))
    start, end = drawn["recommended"][0].value, drawn["recommended"][-1].value
    return Figure(
        title="What people get while the gallery is embedded anew",
        said=f"{measure} of {best.name} goes from {number(start)} to {number(end)}; "
        f"the old model has {number(levels['old'])}.",
        scale=scale,
        curves=[
            curve(role, values, fractions, scale, band=role == "recommended")
            for role, values in drawn.items()
        ],
        levels=[Level(role, scale.y(level)) for role, level in levels.items()],
        markers=[
            Marker(100 * x, scale.y(at(x, drawn["recommended"], fractions)))
            for x in markers.values()
        ],
        labels=labels.placed(wanted, list(heights.values()), list(markers.values())),
    )


def every_method(forecast: Forecast) -> list[Figure]:
    """Small figures on one scale, one per method, and the cascade's."""
    measure, levels = forecast.measure, _levels(forecast)
    curves = {method.name: method.curves[measure] for method in forecast.methods}
    cascade = f"cascade, K = {forecast.cascade.k}"
    if measure in forecast.cascade.curves:
        curves[cascade] = forecast.cascade.curves[measure]
    scale = scale_of([*levels.values(), *(v for each in curves.values() for v in _extent(each))])
    scale = Scale(scale.ticks[:: max(1, len(scale.ticks) - 1)])
    return [
        Figure(
            title=name,
            said=f"{measure} goes from {number(values[0].value)} to {number(values[-1].value)}.",
            scale=scale,
            curves=[curve(_role(forecast, name), values, forecast.fractions, scale, band=True)],
            levels=[Level(role, scale.y(level)) for role, level in levels.items()],
            markers=[],
            labels=[],
        )
        for name, values in curves.items()
    ]


def _role(forecast: Forecast, name: str) -> str:
    return "recommended" if name == forecast.decision.method else "other"


def _levels(forecast: Forecast) -> dict[str, float]:
    """The old system's measure, and the new one's where judgements say something of it."""
    levels = {"old": forecast.old[forecast.measure].value}
    if forecast.judged:
        levels["new"] = forecast.new[forecast.measure].value
    return levels


def _extent(values: Sequence[Value]) -> list[float]:
    return [edge for value in values for edge in (value.low, value.high)]


def _pixels(scale: Scale, value: float) -> float:
    return scale.y(value) / 100 * labels.HEIGHT


def _heights(values: Sequence[float], fractions: Sequence[float], scale: Scale) -> Float64s:
    pixels = [_pixels(scale, value) for value in values]
    return np.interp(labels.GRID / labels.WIDTH, fractions, pixels)
