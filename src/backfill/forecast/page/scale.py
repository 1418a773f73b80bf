"""The scale of measures in a figure: its limits, and the numbers beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

_STEPS = (1, 2, 5, 10, 20, 50)
_TICKS = 6  # at most


class Scale(NamedTuple):
    """From the lowest to the highest tick, in per cent of a measure.

    Attributes:
        ticks: ascending.
    """

    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        """How far below the upper edge a measure is drawn, in per cent of the height."""
        low, high = self.ticks[0], self.ticks[-1]
        return round(100 * (high - 100 * value) / (high - low), 2)


def scale_of(values: Iterable[float]) -> Scale:
    """A scale with few round ticks that holds all values.

    Args:
        values: of measures, most of them from 0 to 1.
    """
    shown = [100 * value for value in values]
    low, high = min(shown), max(shown)
    for step in _STEPS:
        # What is 100 but for rounding needs no tick above 100.
        first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
        if last - first < _TICKS:
            break
    last = max(last, first + 1)
    return Scale(tuple(float(step * at) for at in range(first, last + 1)))
