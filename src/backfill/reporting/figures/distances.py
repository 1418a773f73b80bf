"""The distances of a method's two systems: can they share a ranking?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, zip_longest

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backfill.arrays import Float64s, Int64s
from backfill.reporting.colours import GREY
from backfill.reporting.panel import PanelResults
from backfill.reporting.style import NEGATIVE, POSITIVE, house_style
from backfill.results import SIDES, Histogram, MethodResult

_MOST = 24  # methods that one figure can show


def shown_distances(panels: Mapping[str, PanelResults]) -> dict[str, MethodResult]:
    """The methods whose distances are drawn, by the heading they get.

    Methods that differ only in their order have the same distances; the first stands for all. If
    too many are left, every panel shows its first ones.
    """
    seen: dict[bytes, str] = {}
    by_panel: list[list[tuple[str, MethodResult]]] = []
    for name, panel in panels.items():
        by_panel.append([])
        for label, result in panel.results.items():
            heading = f"{name}: {label}" if len(panels) > 1 else label
            if seen.setdefault(_counts(result), heading) == heading:
                by_panel[-1].append((heading, result))
    in_turn = [found for found in chain.from_iterable(zip_longest(*by_panel)) if found]
    chosen = dict(in_turn[:_MOST])
    return {key: result for key, result in chain.from_iterable(by_panel) if key in chosen}


def _counts(result: MethodResult) -> bytes:
    """The same for the same distances, in both systems."""
    histograms = [result.distances[side] for side in SIDES]
    return b"".join(counts.tobytes() for h in histograms for counts in (h.positive, h.negative))


def distance_figure(results: Mapping[str, MethodResult], *, title: str) -> Figure:
    """Draw the distances of positive and of negative pairs, before and after side by side.

    A subplot fills its own system's distributions and repeats the other one's as outlines: the two
    can be merged into one ranking where fills and outlines coincide. All subplots share the axis of
    distances, cropped to the data; the two of a method share the axis of densities.
    """
    rows = -(-len(results) // 2)
    with house_style():
        figure = Figure(figsize=(9, 1.2 + 1.15 * rows), layout="constrained")
        # Two methods in a row, and a narrow empty column between them.
        widths = {"width_ratios": (1, 1, 0.08, 1, 1)}
        grid = figure.subplots(rows, 5, sharex=True, squeeze=False, gridspec_kw=widths)
        pairs = [row[start : start + 2] for row in grid for start in (0, 3)]
        for axes in grid.flat:
            axes.set_axis_off()
        for (name, result), pair in zip(results.items(), pairs, strict=False):
            pair[1].sharey(pair[0])
            for axes, side, other in zip(pair, SIDES, reversed(SIDES), strict=True):
                axes.set_axis_on()
                _densities(axes, result.distances[side], result.distances[other])
                axes.set_title(f"{name}, {side}", fontsize=9)
                axes.set_yticks([])
                axes.spines["left"].set_visible(False)
        for axes in (*pairs[len(results) - 1], *pairs[max(len(results) - 2, 0)]):
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("squared distance")
        low, high = _support(results)
        grid[0, 0].set_xlim(low, high)
        head = f"{title}: squared Euclidean distances of query-gallery pairs"
        figure.suptitle(head, x=0.01, ha="left", fontsize=10.5)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _densities(axes: Axes, own: Histogram, other: Histogram) -> None:
    for kind, color in (("negative", NEGATIVE), ("positive", POSITIVE)):
        axes.stairs(
            _density(own, kind), own.edges, fill=True, color=color, alpha=0.6, label=f"{kind} pairs"
        )
    for kind, dashes in (("negative", "--"), ("positive", "-")):
        axes.stairs(
            _density(other, kind),
            other.edges,
            color=GREY,
            linewidth=0.8,
            linestyle=dashes,
            label=f"{kind} pairs of the other system",
        )
    axes.set_ylim(bottom=0)


def _density(histogram: Histogram, kind: str) -> Float64s:
    """Counts as a density, so that few positives and many negatives show at the same height."""
    counts: Int64s = getattr(histogram, kind)
    return np.asarray(counts / max(counts.sum(), 1) / np.diff(histogram.edges))


def _support(results: Mapping[str, MethodResult]) -> tuple[float, float]:
    """The range of distances that occur, in any method."""
    low, high = 4.0, 0.0
    for result in results.values():
        for histogram in result.distances.values():
            (occupied,) = np.nonzero(histogram.positive + histogram.negative)
            if len(occupied):
                low = min(low, float(histogram.edges[occupied[0]]))
                high = max(high, float(histogram.edges[occupied[-1] + 1]))
    return (low, high) if low < high else (0.0, 4.0)
