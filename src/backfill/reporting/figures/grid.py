"""Panels on a sheet: where they stand, and whether their heights can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

X_LABEL = "share of the gallery backfilled (%)"
SHORT_X_LABEL = "backfilled (%)"

_COLUMNS = 3
# Panels share their axis if each of them still fills this share of it: then levels can be compared
# across panels, and no curve is pressed flat for the sake of another panel.
_FILLED = 0.4


def shares_axis(values: Sequence[ArrayLike]) -> bool:
    """Whether panels with these values are readable on one common axis."""
    spans = [(np.nanmin(v), np.nanmax(v)) for v in map(np.asarray, values) if np.isfinite(v).any()]
    if not spans:
        return True
    whole = max(high for _, high in spans) - min(low for low, _ in spans)
    return all(high - low >= _FILLED * whole for low, high in spans)


def columns_for(count: int) -> int:
    """How many panels stand side by side: at most three, and four as two by two."""
    return 2 if count == 4 else min(count, _COLUMNS)


def panel_grid(figure: Figure, values: Mapping[str, ArrayLike], x_label: str) -> dict[str, Axes]:
    """Draw titled axes for every panel, row by row.

    Args:
        figure: to draw on.
        values: what each panel will show, by the panel's name.
        x_label: below the last panel of each column.

    Returns:
        The axes by the panel's name.
    """
    columns = columns_for(len(values))
    rows = -(-len(values) // columns)
    shared = shares_axis(list(values.values()))
    grid = figure.subplots(rows, columns, sharex=True, sharey=shared, squeeze=False)
    by_name = dict(zip(values, grid.flat, strict=False))
    for name, axes in by_name.items():
        axes.set_title(name)
    for axes in grid.flat[len(values) :]:
        axes.set_axis_off()
    # The last panel of a column may stand above an empty cell; it keeps its numbers.
    for axes in list(by_name.values())[-columns:]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(x_label)
    return by_name
