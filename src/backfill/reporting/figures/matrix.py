"""Differences to a baseline as a coloured matrix, one per measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from backfill.arrays import Float64s
from backfill.reporting.measures import Measure
from backfill.reporting.paired import COMPARED, Difference
from backfill.reporting.style import VERDICTS, heading, house_style
from backfill.reporting.text import signed

DECIDED = "*"
# Row and column -> the difference by the measure's key.
Cells = Mapping[tuple[str, str], Mapping[str, Difference]]

_COLORS = LinearSegmentedColormap.from_list(
    "verdicts", [VERDICTS["worse"], "#ffffff", VERDICTS["better"]]
)
_NARROWEST = 6.4  # inches, for the titles
_STRONG = 0.6  # beyond this share of the scale, text is white


def matrix_figure(rows: Sequence[str], columns: Sequence[str], cells: Cells, title: str) -> Figure:
    """Draw a matrix of differences for every measure, blue where a cell does better.

    Numbers are in points; an asterisk marks those whose interval excludes 0. A combination that
    does not occur stays empty.
    """
    with house_style():
        figure = Figure(
            figsize=(
                min(max(2.6 + 0.95 * len(columns), _NARROWEST), 12),
                1.7 + len(COMPARED) * _height(rows),
            ),
            layout="constrained",
        )
        grid = figure.subplots(len(COMPARED), 1, sharex=True, squeeze=False)[:, 0]
        for axes, measure in zip(grid, COMPARED, strict=True):
            _draw(axes, rows, columns, cells, measure)
        grid[-1].set_xticks(range(len(columns)), columns, rotation=35, ha="right")
        for tick in grid[-1].get_xticklabels():
            tick.set_rotation_mode("anchor")
        heading(figure, title)
    return figure


def advantage(found: Difference, measure: Measure) -> float:
    """How much better the value is than the baseline, whichever direction is better."""
    return found.difference if measure.higher_is_better else -found.difference


def _height(rows: Sequence[str]) -> float:
    return 0.45 + 0.27 * len(rows)


def _draw(
    axes: Axes, rows: Sequence[str], columns: Sequence[str], cells: Cells, measure: Measure
) -> None:
    better = _advantages(rows, columns, cells, measure)
    most = float(np.nanmax(np.abs(better))) if np.isfinite(better).any() else 0.0
    scale = most or 1.0
    axes.imshow(better, cmap=_COLORS, vmin=-scale, vmax=scale, aspect="auto")
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            if np.isnan(better[y, x]):
                continue
            found = cells[row, column][measure.key]
            decided = found.verdict(measure) != "undecided"
            axes.text(
                x,
                y,
                f"{signed(found.difference)}{DECIDED if decided else ''}",
                ha="center",
                va="center",
                fontsize=8,
                fontweight="bold" if decided else "normal",
                color="white" if abs(better[y, x]) > _STRONG * scale else "black",
            )
    direction = "" if measure.higher_is_better else ", lower is better"
    axes.set_title(f"{measure.summary}: difference in points{direction}")
    axes.set_yticks(range(len(rows)), rows)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _advantages(
    rows: Sequence[str], columns: Sequence[str], cells: Cells, measure: Measure
) -> Float64s:
    """(rows, columns), NaN where a combination does not occur."""
    return np.array(
        [
            [
                advantage(cells[row, column][measure.key], measure)
                if (row, column) in cells
                else np.nan
                for column in columns
            ]
            for row in rows
        ]
    )
