"""Paired differences with their intervals, a row per claim and a column per measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from backfill.reporting.measures import Measure
from backfill.reporting.paired import COMPARED, Difference
from backfill.reporting.style import VERDICTS, heading, house_style

_MARKERS = {"better": "o", "worse": "s", "undecided": "o"}
_LINE = 0.23  # inches
_SHADE = "#f3f5f7"


class Row(NamedTuple):
    """A row of the plot.

    Attributes:
        claim: what is claimed; rows of one claim stand under it as their heading.
        label: what tells the rows of a claim apart; empty if a claim has one row, its own.
        differences: by the measure's key.
    """

    claim: str
    label: str
    differences: Mapping[str, Difference]


class _Line(NamedTuple):
    """A line of the plot: a row, or the heading of several, which has no differences."""

    text: str
    shaded: bool
    differences: Mapping[str, Difference] | None


def forest_figure(rows: Sequence[Row], title: str) -> Figure:
    """Draw each difference in points, with its interval, right of 0 where the claim does better.

    Colour, marker and filling say whether a claim is better, worse or undecided. The axis of a
    measure that should be low runs from right to left.
    """
    lines = _lines(rows)
    with house_style():
        figure = Figure(figsize=(9.6, 1.5 + _LINE * len(lines)), layout="constrained")
        grid = figure.subplots(1, len(COMPARED), sharey=True, squeeze=False)[0]
        for axes, measure in zip(grid, COMPARED, strict=True):
            _draw(axes, lines, measure)
        grid[0].set_yticks(range(len(lines)), [line.text for line in lines])
        for line, tick in zip(lines, grid[0].get_yticklabels(), strict=True):
            tick.set_fontweight("bold" if line.differences is None else "normal")
        grid[0].set_ylim(len(lines) - 0.5, -0.5)
        heading(figure, title)
        figure.legend(
            handles=[
                Line2D([], [], linestyle="", markersize=5.5, label=verdict, **_marker(verdict))
                for verdict in VERDICTS
            ],
            loc="outside lower center",
            ncols=len(VERDICTS),
        )
    return figure


def _lines(rows: Sequence[Row]) -> list[_Line]:
    """Rows in their order, under headings where they have labels; every other claim shaded."""
    lines = []
    for number, claim in enumerate(dict.fromkeys(row.claim for row in rows)):
        shaded = number % 2 == 0
        of_claim = [row for row in rows if row.claim == claim]
        if any(row.label for row in of_claim):
            lines.append(_Line(claim, shaded, None))
        lines += [_Line(row.label or claim, shaded, row.differences) for row in of_claim]
    return lines


def _draw(axes: Axes, lines: Sequence[_Line], measure: Measure) -> None:
    axes.axvline(0, color="#555555", linewidth=0.9, zorder=1)
    for y, line in enumerate(lines):
        if line.shaded:
            axes.axhspan(y - 0.5, y + 0.5, color=_SHADE, linewidth=0, zorder=0)
        found = line.differences and line.differences[measure.key]
        if not found or np.isnan(found.difference):
            continue
        verdict = found.verdict(measure)
        axes.plot(
            [100 * found.low, 100 * found.high], [y, y], color=VERDICTS[verdict], linewidth=1.6
        )
        axes.plot([100 * found.difference], [y], markersize=5.5, **_marker(verdict))
    low_is_better = "" if measure.higher_is_better else ", lower is better"
    axes.set_title(measure.summary)
    axes.set_xlabel(f"difference (points{low_is_better})")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.08)
    if not measure.higher_is_better:
        axes.invert_xaxis()


def _marker(verdict: str) -> dict[str, Any]:
    color = VERDICTS[verdict]
    filled = "white" if verdict == "undecided" else color
    return {
        "marker": _MARKERS[verdict],
        "color": color,
        "markerfacecolor": filled,
        "markeredgecolor": color,
    }
