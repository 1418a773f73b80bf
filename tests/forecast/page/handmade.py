"""A forecast made by hand."""

from __future__ import annotations

from typing import Any

from backfill.forecast.outcome import (
    CascadeForecast,
    Cost,
    Decision,
    Drop,
    Forecast,
    MethodForecast,
    Shown,
    Value,
)

FRACTIONS = [0.0, 0.25, 0.5, 0.75, 1.0]
HOSTILE = """</style><script>alert(1)</script><b title="x' onload=y">`&amp;"""


def value(of: float, half: float = 0.02) -> Value:
    return Value(value=of, low=of - half, high=of + half)


def method(name: str, first: float, measures: tuple[str, ...], **changed: Any) -> MethodForecast:
    curve = [value(first + (1 - first) * f, 0.02 * (1 - f)) for f in FRACTIONS]
    settings: dict[str, Any] = {
        "name": name,
        "title": f"how {name} works",
        "curves": dict.fromkeys(measures, curve),
        "area": dict.fromkeys(measures, value((first + 1) / 2)),
        "start": value(first - 0.5),
        "fall": None,
        "eligible": True,
    }
    return MethodForecast(**(settings | changed))


def forecast(*, judged: bool = False, **changed: Any) -> Forecast:
    measure = "nDCG@10" if judged else "overlap@10"
    measures = ("overlap@10", "kept@100", *(["nDCG@10", "AP@100"] if judged else []))
    falls = Drop(start=0.25, end=0.5, change=value(-0.08))
    settings: dict[str, Any] = {
        "folder": "vectors",
        "size": 5000,
        "widths": (384, 768),
        "drawn": 1000,
        "asked": 250,
        "queries": 321,
        "stand_ins": False,
        "judged": judged,
        "measure": measure,
        "confidence": 0.9,
        "fractions": FRACTIONS,
        "here": 0.25,
        "old": dict.fromkeys(measures, value(0.5)),
        "new": dict.fromkeys(measures, value(0.9 if judged else 1, 0)),
        "better": value(0.4) if judged else None,
        "methods": [
            method("mix", 0.7, measures, gain=96.4 if judged else None),
            method("old_query_calibrated", 0.5, measures, gain=55.5 if judged else None),
            method("ridge", 0.4, measures, eligible=False, start=value(-0.1)),
            method("old_query", 0.5, measures, eligible=False, fall=falls),
        ],
        "cascade": CascadeForecast(
            k=50,
            base="mix",
            curves={measure: [value(0.95)] * 5},
            embedded=[40.0, 30, 20, 10, 0],
            embedded_late=3.21,
        ),
        "orders": {"random": value(0.75), "hubs": value(0.79)},
        "cosine": {"ridge": 0.711, "residual": 0.752},
        "half_cosine": 0.713,
        "mix": 0.3,
        "cost": Cost(items=3750, seconds=None, money=None, disk=15_360_000),
        "shown": [
            Shown(
                query="lost card",
                before=["a card is lost", "a card is found"],
                after=["a card is found", "where is it"],
                known=[True, False],
            )
        ],
        "notes": ["`ids` were taken to be row numbers."],
        "decision": Decision(
            verdict="switch",
            headline="Switch now: mix.",
            reasons=["It starts above the old system.", "Not recommended: `ridge`."],
            method="mix",
            order="hubs",
            after=0,
        ),
    }
    return Forecast(**(settings | changed))
