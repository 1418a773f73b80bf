"""The figures: one a measure against the backfill fraction, and the distances of every method."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from backfill.reporting.measures import Measure, per_seed
from backfill.reporting.results import SIDES, Histogram, MethodResult
from backfill.reporting.style import GREY, NEGATIVE, POSITIVE, lines, look


def curve_figure(
    results: Mapping[str, MethodResult], measure: Measure, *, dataset: str, old: str, new: str
) -> Figure:
    """`measure` against the backfill fraction, a line a method, in percent.

    Lines are means over the seeds, bands reach from the lowest to the highest seed: with three
    seeds that says more than a standard deviation. The legend is ordered by the mean of the curve,
    the best method first, and gives that mean.
    """
    curves = {
        name: 100 * per_seed(result, measure, results[old]) for name, result in results.items()
    }
    fraction = 100 * next(iter(results.values())).curves[0].fraction
    area = {name: float(np.trapezoid(c.mean(axis=0), fraction)) / 100 for name, c in curves.items()}
    looks = lines(results, old=old, new=new)

    with look():
        figure = Figure(figsize=(8.4, 4.9), layout="constrained")
        axes = figure.add_subplot()
        for place, name in enumerate(_best_first(area, measure)):
            seeds, line = curves[name], looks[name]
            # The legend is read beside the line: figures first, so that they stand in a column.
            axes.plot(
                fraction,
                seeds.mean(axis=0),
                label=f"{area[name]:.1f}  {name}",
                markevery=_every(fraction, place),
                markersize=6,
                markeredgecolor="white",
                markeredgewidth=0.5,
                zorder=2 if line.marker == "" else 3,
                **vars(line),
            )
            if len(seeds) > 1:
                low, high = seeds.min(axis=0), seeds.max(axis=0)
                axes.fill_between(fraction, low, high, color=line.color, alpha=0.13, linewidth=0)
        axes.set_title(f"{dataset}: {measure.label} while the gallery is backfilled")
        axes.set_xlabel("share of the gallery backfilled (%)")
        better = "higher" if measure.higher_is_better else "lower"
        axes.set_ylabel(f"{measure.label} (%), {better} is better")
        axes.set_xlim(-1.5, 101.5)  # room for the markers at both ends
        axes.margins(y=0.03)
        legend = figure.legend(
            loc="outside right upper", title=f"{measure.summary} (%)", handlelength=3.4
        )
        legend.set_alignment("left")
    return figure


def distance_figure(results: Mapping[str, MethodResult], *, dataset: str) -> Figure:
    """The distances of positive and of negative pairs, before and after side by side.

    A panel fills its own system's distributions and repeats the other one's as outlines: the two
    can be merged into one ranking where fills and outlines coincide. All panels share the axis of
    distances, cropped to the data; the two panels of a method share the axis of densities.
    """
    rows = -(-len(results) // 2)
    with look():
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
        title = f"{dataset}: squared Euclidean distances of query-gallery pairs"
        figure.suptitle(title, x=0.01, ha="left", fontsize=10.5)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _best_first(area: Mapping[str, float], measure: Measure) -> list[str]:
    return sorted(area, key=lambda name: area[name], reverse=measure.higher_is_better)


def _every(fraction: NDArray[np.float64], place: int) -> tuple[int, int]:
    """Start and step of a line's markers: about six, set off so that close lines show theirs."""
    step = max(2, len(fraction) // 6)
    return place % step, step


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


def _density(histogram: Histogram, kind: str) -> NDArray[np.float64]:
    """Counts as a density, so that few positives and many negatives show at the same height."""
    counts: NDArray[np.int64] = getattr(histogram, kind)
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
