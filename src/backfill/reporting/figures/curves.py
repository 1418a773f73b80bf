"""One measure against the backfill fraction, a subplot per panel."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backfill.arrays import Float64s
from backfill.reporting.figures.grid import SHORT_X_LABEL, X_LABEL, columns_for, panel_grid
from backfill.reporting.line_styles import one_legend
from backfill.reporting.measures import Measure
from backfill.reporting.study import Study
from backfill.reporting.style import heading, house_style, markers


def curve_figure(study: Study, measure: Measure) -> Figure:
    """Draw `measure` against the backfill fraction, a line per method, in percent.

    Lines are means over the runs; bands reach from the lowest to the highest run, which says
    more about a few runs than a standard deviation. A legend of one panel lists the methods from
    the best mean over the backfill to the worst, and gives that mean. A legend that many panels
    share follows the order of the tables.
    """
    with house_style():
        return _many_panels(study, measure) if study.several else _one_panel(study, measure)


def _one_panel(study: Study, measure: Measure) -> Figure:
    (name,) = study.panels
    # The legend has a line per method, and would be cut off if it were higher than the figure.
    height = max(4.9, 0.5 + 0.205 * len(study.panels[name].results))
    figure = Figure(figsize=(8.4, height), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, study, name, measure, size=6)
    axes.set_title(_title(study, measure))
    axes.set_xlabel(X_LABEL)
    axes.set_ylabel(measure.axis)
    legend = figure.legend(
        loc="outside right upper", title=f"{measure.summary} (%)", handlelength=3.4
    )
    legend.set_alignment("left")
    return figure


def _many_panels(study: Study, measure: Measure) -> Figure:
    columns = columns_for(len(study.panels))
    rows = -(-len(study.panels) // columns)
    together = one_legend(study.panels)
    most = max(len(panel.results) for panel in study.panels.values())
    # A panel's own legend has two columns below it.
    own_legend = 0.0 if together else 0.35 + 0.09 * most
    figure = Figure(
        figsize=(1 + 3.2 * columns, 1.1 + (2.6 + own_legend) * rows), layout="constrained"
    )
    values = {
        name: np.concatenate([curve.ravel() for curve in _curves(study, name, measure).values()])
        for name in study.panels
    }
    handles = {}
    for name, axes in panel_grid(figure, values, SHORT_X_LABEL).items():
        _draw(axes, study, name, measure, size=4.5)
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
    heading(figure, _title(study, measure))
    figure.supylabel(measure.axis, fontsize=9)
    if together:
        figure.legend(
            [handles[label] for label in study.labels],
            study.labels,
            loc="outside lower center",
            ncols=min(len(study.labels), 2 * columns),
            handlelength=3.4,
        )
    return figure


def _title(study: Study, measure: Measure) -> str:
    return f"{study.title}: {measure.label} while the gallery is backfilled"


def _curves(study: Study, panel: str, measure: Measure) -> dict[str, Float64s]:
    """The curve of each label under every seed, (S, T), in percent."""
    return {
        label: 100 * study.curves(panel, label, measure) for label in study.panels[panel].results
    }


def _draw(axes: Axes, study: Study, panel: str, measure: Measure, size: float) -> None:
    """A panel's lines, the best first; their labels start with the mean over the backfill."""
    fraction = 100 * study.fraction
    by_label = _curves(study, panel, measure)
    area = {label: 100 * study.area(panel, label, measure) for label in by_label}
    best_first = sorted(area, key=area.__getitem__, reverse=measure.higher_is_better)
    for position, label in enumerate(best_first):
        runs, style = by_label[label], study.line_styles[label]
        # Numbers first, so that they stand in a column of the legend.
        axes.plot(
            fraction,
            runs.mean(axis=0),
            label=f"{area[label]:.1f}  {label}",
            markevery=_every(fraction, position),
            **markers(size),
            zorder=2 if style.marker == "" else 3,
            **vars(style),
        )
        if len(runs) > 1:
            low, high = runs.min(axis=0), runs.max(axis=0)
            axes.fill_between(fraction, low, high, color=style.color, alpha=0.13, linewidth=0)
    axes.set_xlim(-1.5, 101.5)  # room for the markers at both ends
    axes.margins(y=0.03)


def _every(fraction: Float64s, position: int) -> tuple[int, int]:
    """Start and step of a line's markers: about six, set off so that close lines show theirs."""
    step = max(2, len(fraction) // 6)
    return position % step, step
