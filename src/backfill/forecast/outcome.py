"""What a forecast says, as it is written to forecast.json and shown on its page."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Value(BaseModel):
    """An estimate for the traffic that the queries are a sample of, with its interval."""

    value: float
    low: float
    high: float


class Drop(BaseModel):
    """A step down that is beyond chance."""

    start: float
    end: float
    change: Value


class MethodForecast(BaseModel):
    """What one way of upgrading would do.

    Attributes:
        name: of the method.
        title: in words.
        curves: name of the measure -> an estimate at each fraction.
        area: name of the measure -> its mean along the curve.
        start: how far above the old system it starts, by the measure that decides.
        fall: the steepest step down beyond chance, by that measure.
        eligible: whether it starts at or above the old system and never falls, within chance.
        gain: of the measure that decides, in per cent; None where old and new do not differ.
    """

    name: str
    title: str
    curves: dict[str, list[Value]]
    area: dict[str, Value]
    start: Value
    fall: Drop | None
    eligible: bool
    gain: float | None = None


class CascadeForecast(BaseModel):
    """What the cascade would do: the nearest items that wait are embedded on demand.

    Attributes:
        k: items that are embedded for a query, unless they are backfilled.
        base: the method whose first items these are.
        curves: as of a method.
        embedded: embeddings per query at each fraction, on average.
        embedded_late: embeddings per query at the end of the query log, with nothing backfilled but
            what its queries asked for.
    """

    k: int
    base: str
    curves: dict[str, list[Value]]
    embedded: list[float]
    embedded_late: float


class Cost(BaseModel):
    """What re-embedding the rest would cost; None is not known.

    Attributes:
        items: that wait.
        seconds: at the rate that was given or measured.
        money: at the price that was given, in its currency.
        disk: bytes of the new vectors of all items.
    """

    items: int
    seconds: float | None
    money: float | None
    disk: int


class Shown(BaseModel):
    """A query with what it finds before and after.

    Attributes:
        query: its text, or its id.
        before: first items by the old system, as texts or ids.
        after: first items by the new system among known and completed ones.
        known: for each of these whether its new vector is known, not completed.
    """

    query: str
    before: list[str]
    after: list[str]
    known: list[bool]


class Decision(BaseModel):
    """What to do.

    Attributes:
        verdict: switch now, later, or not.
        headline: in one sentence.
        reasons: the evidence, in sentences.
        method: recommended; its name.
        order: recommended; its name.
        after: fraction that has to be backfilled before the switch.
    """

    verdict: Literal["switch", "wait", "keep"]
    headline: str
    reasons: list[str]
    method: str
    order: str
    after: float


class Forecast(BaseModel):
    """All that a forecast says.

    Attributes:
        folder: whose forecast it is.
        size: items in the gallery.
        widths: dimensions of the old and the new space.
        drawn: known items that were drawn at random.
        asked: known items that were asked for.
        queries: that were looked at.
        stand_ins: whether held-out items stand in for queries.
        judged: whether there are judgements.
        measure: that decides.
        confidence: of the intervals.
        fractions: of the curves.
        here: fraction that is embedded anew already.
        old: name of the measure -> by the old system.
        new: name of the measure -> by the new system.
        better: how far above the old system the new one is, by the measure that decides; None
            without judgements.
        methods: best first.
        cascade: embedding on demand.
        orders: name of the order -> the recommended method's area, by the measure that decides.
        cosine: name of the map -> mean cosine of held-out pairs after mapping.
        half_cosine: the best map's, fitted on half of the known items.
        mix: weight of the old space in the mix.
        cost: of the rest.
        shown: queries whose results change most.
        notes: assumptions, in sentences.
        decision: what to do.
    """

    folder: str
    size: int
    widths: tuple[int, int]
    drawn: int
    asked: int
    queries: int
    stand_ins: bool
    judged: bool
    measure: str
    confidence: float
    fractions: list[float]
    here: float
    old: dict[str, Value]
    new: dict[str, Value]
    better: Value | None
    methods: list[MethodForecast]
    cascade: CascadeForecast
    orders: dict[str, Value]
    cosine: dict[str, float]
    half_cosine: float
    mix: float
    cost: Cost
    shown: list[Shown]
    notes: list[str]
    decision: Decision

    def method(self, name: str) -> MethodForecast:
        """The forecast of a method."""
        return next(method for method in self.methods if method.name == name)
