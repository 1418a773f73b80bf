"""What was served beside what was forecast: a table, a figure and a page."""

from __future__ import annotations

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
    """Write table.md, curve.png and migration.html.

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
    with replacing(out / "table.md") as temporary:
        temporary.write_text(table(points, inside, max(away), forecast))
    with replacing(out / "migration.html") as temporary:
        temporary.write_text(page, encoding="utf-8")
    with replacing(out / "curve.png") as temporary:
        _draw(temporary, points, forecast)
    print(f"written: {out}/table.md, curve.png, migration.html")


def table(points: list[Point], inside: list[bool], furthest: float, forecast: Forecast) -> str:
    """A row per round, in Markdown; the first is the old system's.

    Args:
        points: in the order of time.
        inside: whether each but the first is within its interval.
        furthest: of these from the forecast.
        forecast: of the migration.
    """
    lines = [
        f"Served by `{forecast.decision.method}` while an application wrote: within the forecast's "
        f"{forecast.confidence:.0%} interval in {sum(inside)} of {len(inside)} rounds of all "
        f"{forecast.queries} queries, at most {100 * furthest:.1f} points from it. The first row "
        "is the old system's, before the migration was started.",
        "",
        "| done | nDCG@10 | forecast | overlap@10 with the new model |",
        "| --- | --- | --- | --- |",
    ]
    for point in points:
        quality, value = point.quality, point.expected
        lines.append(
            f"| {point.fraction:.1%} | {100 * quality.ndcg:.1f} | {100 * value.value:.1f} "
            f"({100 * value.low:.1f} to {100 * value.high:.1f}) | {100 * quality.overlap:.1f} |"
        )
    return "\n".join(lines) + "\n"


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
