"""Sequential upgrades: generations end to end, after RACT's Figure 7."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backfill.arrays import Float64s
from backfill.reporting.measures import MAP, Measure, cmc
from backfill.reporting.section import Chart, Section
from backfill.reporting.sections import section
from backfill.reporting.study import Study
from backfill.reporting.style import heading, house_style, markers

_SHOWN = (MAP, cmc(1))


@section(10, on_request=True)
def sequential(study: Study) -> Section:
    """Draw mAP and CMC@1 over all generations, each panel's backfill next to the one before it."""
    generations = list(study.panels)
    return Section(
        id="sequential",
        title="Generation after generation",
        charts=[
            Chart(
                "sequential",
                _figure(study),
                alt=(
                    f"Two line charts, mAP and CMC@1, against the backfill of {len(generations)} "
                    f"generations end to end: {', '.join(generations)}."
                ),
                caption=(
                    "Each generation’s backfill, from 0 to 100%, stands next to the one before it; "
                    "a line follows one way of upgrading through all of them. Grey: the references "
                    "of each generation. Bands reach from the lowest to the highest seed."
                ),
            )
        ],
    )


def _figure(study: Study) -> Figure:
    count = len(study.panels)
    with house_style():
        figure = Figure(figsize=(min(2.6 + 2.4 * count, 14), 6.6), layout="constrained")
        rows = figure.subplots(len(_SHOWN), 1, sharex=True)
        for axes, measure in zip(rows, _SHOWN, strict=True):
            _chart(axes, study, measure)
        # Where one generation ends at 100% the next one starts at 0%.
        ticks = [0, *(v for g in range(count) for v in (100 * g + 50, 100 * g + 100))]
        names = ["0", *(v for _ in range(count) for v in ("50", "100 | 0"))]
        rows[-1].set_xticks(ticks, [*names[:-1], "100"])
        rows[-1].set_xlim(-2, 100 * count + 2)
        rows[-1].set_xlabel("share of the gallery backfilled (%), generation after generation")
        heading(figure, f"{study.title}: sequential upgrades")
        handles, labels = rows[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=min(len(labels), 5), handlelength=3.4
        )
    return figure


def _chart(axes: Axes, study: Study, measure: Measure) -> None:
    # The references first, so that the methods lie on top of them. Each generation has its own.
    for label in sorted(study.labels, key=lambda label: label not in study.references):
        style = study.line_styles[label]
        by_generation = [
            100 * study.curves(name, label, measure) if label in panel.results else None
            for name, panel in study.panels.items()
        ]
        x, mean, low, high = _end_to_end(
            by_generation, 100 * study.fraction, joined=label not in study.references
        )
        axes.plot(x, mean, label=label, markevery=2, **markers(5), **vars(style))
        axes.fill_between(x, low, high, color=style.color, alpha=0.13, linewidth=0)
    for position, name in enumerate(study.panels):
        if position:
            axes.axvline(100 * position, color="#999999", linewidth=0.8)
        axes.annotate(
            name,
            (100 * position + 50, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontweight="bold",
        )
    axes.set_ylabel(measure.axis)


def _end_to_end(found: Sequence[Float64s | None], fraction: Float64s, *, joined: bool) -> Float64s:
    """All generations of one label as one line.

    Args:
        found: (R, T) curves of each generation. None leaves a gap in the line.
        fraction: (T,) of one generation, in percent.
        joined: whether the line goes on from one generation to the next.

    Returns:
        (4, ...): x, and the mean, the lowest and the highest run.
    """
    gap = np.full((4, 1), np.nan)
    parts = []
    for position, runs in enumerate(found):
        if runs is None:
            parts.append(gap)
            continue
        x = fraction + 100 * position
        parts.append(np.stack([x, runs.mean(axis=0), runs.min(axis=0), runs.max(axis=0)]))
        if not joined:
            parts.append(gap)
    return np.concatenate(parts, axis=1)
