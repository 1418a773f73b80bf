"""A method beside the old system and beside itself: where it starts, and whether it falls."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill.arrays import Float64s
from backfill.forecast.estimates import Estimate, Moment, moment

# A step is a fall if its interval lies below zero; with ten steps, one would by chance.
STEPS_CONFIDENCE = 0.99


class Fall(NamedTuple):
    """The steepest step down that is beyond chance.

    Attributes:
        start: fraction before it.
        end: fraction after it.
        change: the difference.
    """

    start: float
    end: float
    change: Estimate


def starts_beside_old(
    curve: Float64s, old: Float64s, weights: Float64s | None, confidence: float
) -> Estimate:
    """How far above the old system a method starts, query by query.

    Args:
        curve: (T, I, Q).
        old: (I, Q).
        weights: (Q,) or None.
        confidence: of the interval.
    """
    return moment(curve[0] - old, weights).interval(confidence)


def steepest_fall(
    curve: Float64s, fractions: tuple[float, ...], weights: Float64s | None
) -> Fall | None:
    """The steepest step down along a curve, if any is beyond chance.

    Args:
        curve: (T, I, Q).
        fractions: (T,).
        weights: (Q,) or None.
    """
    falls = []
    for step in range(1, len(fractions)):
        change = moment(curve[step] - curve[step - 1], weights).interval(STEPS_CONFIDENCE)
        if change.high < 0:
            falls.append(Fall(fractions[step - 1], fractions[step], change))
    return min(falls, key=lambda fall: fall.change.value, default=None)


def area(curve: Float64s, fractions: tuple[float, ...]) -> Float64s:
    """(I, Q) area under the curve, as a share of its width."""
    width = fractions[-1] - fractions[0]
    return np.asarray(np.trapezoid(curve, fractions, axis=0) / width)


def gain(curve: Moment, old: Moment, new: Moment) -> float:
    """The area on a scale from the old system's (0) to the new one's (1)."""
    return (curve.value - old.value) / (new.value - old.value)
