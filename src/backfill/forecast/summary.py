"""Estimates of anything that is computed from simulated measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from backfill.arrays import Bools, Float64s
from backfill.forecast.estimates import Moment, corrected, moment
from backfill.forecast.measuring import OVERLAP, WITHOUT_JUDGEMENTS
from backfill.forecast.outcome import Drop, MethodForecast, Value
from backfill.forecast.simulated import Simulated

# A step is a fall if its interval lies below zero; of ten steps at 90%, one would by chance.
_STEP_CONFIDENCE = 0.99
# Standard error of what is completed from items that were drawn at random alone, as a share of what
# a measure lacks: from benchmarks/forecast.py.
COMPLETING = 0.07
_ENOUGH_ASKED = 20  # queries; a correction by fewer would add more than it takes out
Quantity = Callable[[Simulated], Float64s]


@dataclass(frozen=True, eq=False)
class Summary:
    """Simulated measures of all queries, and how to average them.

    Attributes:
        plain: completed from the items that were drawn at random.
        better: completed from all known items; None if none was asked for.
        asked: (Q,) queries whose nearest items were asked for.
        weights: (Q,) how often each query is asked, or None.
        confidence: of the intervals.
        unknown: share of the gallery whose new vectors are not known.
    """

    plain: Simulated
    better: Simulated | None
    asked: Bools
    weights: Float64s | None
    confidence: float
    unknown: float = 0.0

    @property
    def is_corrected(self) -> bool:
        """Whether the nearest items of enough queries are known to take out such errors."""
        return self.better is not None and int(self.asked.sum()) >= _ENOUGH_ASKED

    def moment(self, of: Quantity) -> Moment:
        """Average what is computed from the measures, (I, Q), over queries and completions."""
        if self.better is None:
            return moment(of(self.plain), self.weights)
        if not self.is_corrected:
            return moment(of(self.better), self.weights)
        return corrected(of(self.plain), of(self.better), self.asked, self.weights)

    def value(self, of: Quantity, confidence: float | None = None) -> Value:
        """The same, as an estimate with its interval."""
        return _value(self.moment(of), confidence or self.confidence)

    def level(self, of: Quantity, measure: str) -> Value:
        """Estimate a measure; its interval counts what completing gets wrong, unless corrected."""
        found = self.moment(of)
        wrong = self._wrong_by(found.value) if measure in WITHOUT_JUDGEMENTS else 0.0
        return _value(found._replace(variance=found.variance + wrong**2), self.confidence)

    def _wrong_by(self, overlap: float) -> float:
        """Standard error of an overlap by what completing gets wrong, unless it is corrected."""
        if self.is_corrected:
            return 0.0
        return COMPLETING * (1 - overlap) * self.unknown

    def steepest_fall(self, method: str, measure: str, fractions: tuple[float, ...]) -> Drop | None:
        """The steepest step down along a method's curve, if any is beyond chance."""
        falls = []
        for step in range(1, len(fractions)):

            def change(of: Simulated, step: int = step) -> Float64s:
                curve = of.methods[method][measure]
                return np.asarray(curve[step] - curve[step - 1])

            found = self.value(change, _STEP_CONFIDENCE)
            if found.high < 0:
                falls.append(Drop(start=fractions[step - 1], end=fractions[step], change=found))
        return min(falls, key=lambda fall: fall.change.value, default=None)

    def of_method(
        self, name: str, title: str, measure: str, fractions: tuple[float, ...]
    ) -> MethodForecast:
        """All that is said of a method.

        Args:
            name: of the method.
            title: in words.
            measure: that decides.
            fractions: of its curves.
        """
        measures = list(self.plain.methods[name])
        start = self.start(name, measure)
        fall = self.steepest_fall(name, measure, fractions)
        return MethodForecast(
            name=name,
            title=title,
            curves={
                each: [self.level(partial(_at, name, each, t), each) for t in range(len(fractions))]
                for each in measures
            },
            area={
                each: self.level(partial(_area_of, name, each, fractions), each)
                for each in measures
            },
            start=start,
            fall=fall,
            eligible=self._never_worse(name, measure, fractions),
        )

    def start(self, name: str, measure: str) -> Value:
        """How far above the old system a method starts."""
        return self.value(lambda of: of.methods[name][measure][0] - of.old[measure])

    def _never_worse(self, name: str, measure: str, fractions: tuple[float, ...]) -> bool:
        """Whether a method starts no lower than the old system and never falls.

        By overlap it starts no lower beyond doubt, whatever completing gets wrong; by judgements,
        of which there are few, it is not seen to start lower.
        """
        measures = {OVERLAP, measure}
        start = self.start(name, OVERLAP)
        is_old = start.low == start.high == 0
        margin = self._wrong_by(self.moment(lambda of: of.old[OVERLAP]).value)
        return (
            (is_old or start.low >= margin)
            and all(self.start(name, each).high >= 0 for each in measures)
            and all(self.steepest_fall(name, each, fractions) is None for each in measures)
        )


def _at(method: str, measure: str, step: int, of: Simulated) -> Float64s:
    return np.asarray(of.methods[method][measure][step])


def _area_of(method: str, measure: str, fractions: tuple[float, ...], of: Simulated) -> Float64s:
    return area(of.methods[method][measure], fractions)


def area(curve: Float64s, fractions: tuple[float, ...]) -> Float64s:
    """(I, Q) mean of a (T, I, Q) curve along the fractions."""
    return np.asarray(np.trapezoid(curve, fractions, axis=0) / (fractions[-1] - fractions[0]))


def _value(found: Moment, confidence: float) -> Value:
    estimate = found.interval(confidence)
    return Value(value=estimate.value, low=estimate.low, high=estimate.high)
