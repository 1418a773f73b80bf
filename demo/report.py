"""What was served beside what was forecast: numbers, a figure and a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from quality import Quality

from backfill.artifacts import replacing
from backfill.forecast.outcome import Forecast, Value
from backfill.live.status import expected


class Point(NamedTuple):
    """One round of all queries.

    Attributes:
        fraction: of the gallery that was done when it began.
        quality: what was served.
        expected: by the forecast, at this fraction.
    """

    fraction: float
    quality: Quality
    expected: Value

    @classmethod
    def at(cls, fraction: float, quality: Quality, forecast: Forecast) -> Self:
        """A round, beside its forecast."""
        return cls(fraction, quality, expected(forecast, fraction))


def write(out: Path, points: list[Point], forecast: Forecast, page: str) -> None:
    """Write curve.json, curve.png and migration.html.

    Args:
        out: folder.
        points: in the order of time.
        forecast: of the migration.
        page: of the migration.
    """
    inside = [p.expected.low <= p.quality.ndcg <= p.expected.high for p in points[1:]]
    away = [abs(p.quality.ndcg - p.expected.value) for p in points[1:]]
    print(
        f"served within the forecast's {forecast.confidence:.0%} interval in "
        f"{sum(inside)} of {len(inside)} rounds; at most {100 * max(away):.1f} points from it"
    )
    listed = [
        {
            "fraction": round(p.fraction, 4),
            "nDCG@10": round(p.quality.ndcg, 4),
            "overlap@10": round(p.quality.overlap, 4),
            "forecast": round(p.expected.value, 4),
            "low": round(p.expected.low, 4),
            "high": round(p.expected.high, 4),
        }
        for p in points
    ]
    with replacing(out / "curve.json") as temporary:
        temporary.write_text(f"{json.dumps(listed, indent=1)}\n")
    with replacing(out / "migration.html") as temporary:
        temporary.write_text(page, encoding="utf-8")
    with replacing(out / "curve.png") as temporary:
        _draw(temporary, points, forecast)
    print(f"written: {out}/curve.json, curve.png, migration.html")


def _draw(path: Path, points: list[Point], forecast: Forecast) -> None:
    from matplotlib.figure import Figure

    curve = forecast.method(forecast.decision.method).curves[forecast.measure]
    low, middle, high = (
        100 * np.array([getattr(value, side) for value in curve])
        for side in ("low", "value", "high")
    )
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    share = 100 * np.array(forecast.fractions)
    axes.fill_between(share, low, high, alpha=0.2, label=f"its {forecast.confidence:.0%} interval")
    axes.plot(share, middle, label=f"forecast: {forecast.decision.method}")
    axes.axhline(100 * forecast.old[forecast.measure].value, color="0.4", ls=":", label="old model")
    done, served = zip(*((100 * p.fraction, 100 * p.quality.ndcg) for p in points), strict=True)
    axes.plot(done, served, "o", ms=4, color="black", label="served, while writes went on")
    axes.set(xlabel="share of the gallery that is done, in per cent", ylabel="nDCG@10, in per cent")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)
