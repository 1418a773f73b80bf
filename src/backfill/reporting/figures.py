"""The figures of one measure against the backfill fraction, a subplot a panel."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from backfill.reporting.grid import columns_for, panel_grid
from backfill.reporting.looks import looks, one_legend
from backfill.reporting.measures import Measure, per_seed
from backfill.reporting.study import PanelResults, label_order
from backfill.reporting.style import Line, look, markers

Seeds = NDArray[np.float64]
X_LABEL = "share of the gallery backfilled (%)"


def curve_figure(panels: Mapping[str, PanelResults], measure: Measure, *, title: str) -> Figure:
    """`measure` against the backfill fraction, a line a method, in percent.

    Lines are means over the seeds, bands reach from the lowest to the highest seed: with three
    seeds that says more than a standard deviation. The legend of a single panel, or of a panel
    that has its own, is ordered by the mean of the curve, the best method first, and gives that
    mean. Many panels share one legend in the order of the tables.
    """
    with look():
        if len(panels) == 1:
            return _one_panel(panels, measure, title)
        return _many_panels(panels, measure, title)


def _one_panel(panels: Mapping[str, PanelResults], measure: Measure, title: str) -> Figure:
    (panel,) = panels.values()
    # The legend is a line a method, and would be cut off where it is higher than the figure.
    height = max(4.9, 0.5 + 0.205 * len(panel.results))
    figure = Figure(figsize=(8.4, height), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, panel, measure, looks(panels), size=6)
    axes.set_title(f"{title}: {measure.label} while the gallery is backfilled")
    axes.set_xlabel(X_LABEL)
    axes.set_ylabel(y_label(measure))
    legend = figure.legend(
        loc="outside right upper", title=f"{measure.summary} (%)", handlelength=3.4
    )
    legend.set_alignment("left")
    return figure


def _many_panels(panels: Mapping[str, PanelResults], measure: Measure, title: str) -> Figure:
    columns = columns_for(len(panels))
    rows = -(-len(panels) // columns)
    together = one_legend(panels)
    own_legend = 0.0 if together else 0.16 * max(len(panel.results) for panel in panels.values())
    figure = Figure(
        figsize=(1 + 3.2 * columns, 1.1 + (2.6 + own_legend) * rows), layout="constrained"
    )
    every = looks(panels)
    values = {
        name: np.concatenate([curve.ravel() for curve in curves(panel, measure).values()])
        for name, panel in panels.items()
    }
    handles = {}
    for name, axes in panel_grid(figure, values, "backfilled (%)").items():
        _draw(axes, panels[name], measure, every, size=4.5)
        found, labels = axes.get_legend_handles_labels()
        if together:
            for handle, label in zip(found, labels, strict=True):
                handles[label.partition("  ")[2]] = handle
        else:
            # Below its panel, where it can hide no line.
            axes.legend(
                loc="upper left",
                bbox_to_anchor=(0, -0.15),
                fontsize=8,
                handlelength=3,
                ncols=2,
                title=f"{measure.summary} (%)",
                alignment="left",
            )
    figure.suptitle(
        f"{title}: {measure.label} while the gallery is backfilled", x=0.01, ha="left", fontsize=11
    )
    figure.supylabel(y_label(measure), fontsize=9)
    if together:
        shown = [label for label in label_order(panels) if label in handles]
        figure.legend(
            [handles[label] for label in shown],
            shown,
            loc="outside lower center",
            ncols=min(len(shown), 2 * columns),
            handlelength=3.4,
        )
    return figure


def y_label(measure: Measure) -> str:
    """What the axis of a measure says."""
    better = "higher" if measure.higher_is_better else "lower"
    return f"{measure.label} (%), {better} is better"


def curves(panel: PanelResults, measure: Measure) -> dict[str, Seeds]:
    """The curve of each label under every seed, (S, T), in percent."""
    old = panel.results[panel.old]
    return {label: 100 * per_seed(result, measure, old) for label, result in panel.results.items()}


def _draw(
    axes: Axes, panel: PanelResults, measure: Measure, every: Mapping[str, Line], size: float
) -> None:
    """A panel's lines, the best first; their labels start with the mean over the backfill."""
    by_seed = curves(panel, measure)
    fraction = 100 * next(iter(panel.results.values())).curves[0].fraction
    area = {
        label: float(np.trapezoid(c.mean(axis=0), fraction)) / 100 for label, c in by_seed.items()
    }
    best_first = sorted(area, key=area.__getitem__, reverse=measure.higher_is_better)
    for place, label in enumerate(best_first):
        seeds, line = by_seed[label], every[label]
        # The legend is read beside the line: figures first, so that they stand in a column.
        axes.plot(
            fraction,
            seeds.mean(axis=0),
            label=f"{area[label]:.1f}  {label}",
            markevery=_every(fraction, place),
            **markers(size),
            zorder=2 if line.marker == "" else 3,
            **vars(line),
        )
        if len(seeds) > 1:
            low, high = seeds.min(axis=0), seeds.max(axis=0)
            axes.fill_between(fraction, low, high, color=line.color, alpha=0.13, linewidth=0)
    axes.set_xlim(-1.5, 101.5)  # room for the markers at both ends
    axes.margins(y=0.03)


def _every(fraction: NDArray[np.float64], place: int) -> tuple[int, int]:
    """Start and step of a line's markers: about six, set off so that close lines show theirs."""
    step = max(2, len(fraction) // 6)
    return place % step, step
