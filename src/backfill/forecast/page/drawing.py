"""Lines and bands as coordinates, in per cent of a plot's width and height.

Texts keep their size and lines their width while a plot is stretched, so that one drawing serves
wide windows and narrow ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backfill.forecast.outcome import Value
from backfill.forecast.page.scale import Scale


class Curve(NamedTuple):
    """A curve and its band.

    Attributes:
        role: what the style sheet calls it.
        line: points of the curve.
        band: points around its intervals; empty without a band.
    """

    role: str
    line: str
    band: str


class Level(NamedTuple):
    """A horizontal line at height y, in per cent from above."""

    role: str
    y: float


def curve(
    role: str, values: Sequence[Value], fractions: Sequence[float], scale: Scale, *, band: bool
) -> Curve:
    """Draw estimates along the fractions.

    Args:
        role: of the curve.
        values: one per fraction.
        fractions: from 0 to 1.
        scale: of the measure.
        band: whether intervals are drawn.
    """
    pairs = list(zip(fractions, values, strict=True))
    upper = [(fraction, value.high) for fraction, value in pairs]
    lower = [(fraction, value.low) for fraction, value in reversed(pairs)]
    return Curve(
        role,
        _points([(fraction, value.value) for fraction, value in pairs], scale),
        _points(upper + lower, scale) if band else "",
    )


def at(fraction: float, values: Sequence[Value], fractions: Sequence[float]) -> float:
    """The value of a curve between two of its points."""
    for number in range(1, len(fractions)):
        before, after = fractions[number - 1], fractions[number]
        if fraction <= after:
            way = (fraction - before) / (after - before)
            start, end = values[number - 1].value, values[number].value
            return start + way * (end - start)
    return values[-1].value


def _points(pairs: Sequence[tuple[float, float]], scale: Scale) -> str:
    return " ".join(f"{100 * fraction:g},{scale.y(value):g}" for fraction, value in pairs)
