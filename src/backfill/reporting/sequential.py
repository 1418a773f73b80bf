"""The figure of sequential upgrades: generations end to end, after RACT's Figure 7."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from backfill.reporting.extra import Extra
from backfill.reporting.figures import curves, y_label
from backfill.reporting.looks import looks
from backfill.reporting.measures import MAP, Measure, cmc
from backfill.reporting.study import StudyResults, label_order, pure_references
from backfill.reporting.style import look, markers

Float64s = NDArray[np.float64]

_SHOWN = (MAP, cmc(1))


def sequential(study: StudyResults, *, title: str) -> Extra:
    """mAP and CMC@1 over all generations, each panel's backfill next to the one before it."""
    generations = list(study.panels)
    return Extra(
        id="sequential",
        title="Generation after generation",
        caption=(
            "Each generation’s backfill, from 0 to 100 %, stands next to the one before it; a line "
            "follows one way of upgrading through all of them. Grey: the references of each "
            "generation. Bands reach from the lowest to the highest seed."
        ),
        figure=_figure(study, title),
        alt=(
            f"Two line charts, mAP and CMC@1, against the backfill of {len(generations)} "
            f"generations end to end: {', '.join(generations)}."
        ),
    )


def _figure(study: StudyResults, title: str) -> Figure:
    panels = study.panels
    with look():
        figure = Figure(figsize=(min(2.6 + 2.4 * len(panels), 14), 6.6), layout="constrained")
        rows = figure.subplots(len(_SHOWN), 1, sharex=True)
        for axes, measure in zip(rows, _SHOWN, strict=True):
            _chart(axes, study, measure)
        # Where one generation ends at 100 % the next one starts at 0 %.
        ticks = [0, *(v for g in range(len(panels)) for v in (100 * g + 50, 100 * g + 100))]
        names = ["0", *(v for g in range(len(panels)) for v in ("50", "100 | 0"))]
        rows[-1].set_xticks(ticks, [*names[:-1], "100"])
        rows[-1].set_xlim(-2, 100 * len(panels) + 2)
        rows[-1].set_xlabel("share of the gallery backfilled (%), generation after generation")
        figure.suptitle(f"{title}: sequential upgrades", x=0.01, ha="left", fontsize=11)
        handles, labels = rows[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=min(len(labels), 5), handlelength=3.4
        )
    return figure


def _chart(axes: Axes, study: StudyResults, measure: Measure) -> None:
    panels, every = study.panels, looks(study.panels)
    by_panel = [curves(panel, measure) for panel in panels.values()]
    first = next(iter(panels.values()))
    fraction = 100 * first.results[first.old].curves[0].fraction
    references = pure_references(panels)
    # The references first, so that the methods lie on top of them. Each generation has its own.
    for label in sorted(label_order(panels), key=lambda label: label not in references):
        line = every[label]
        x, mean, low, high = _end_to_end(
            [found.get(label) for found in by_panel], fraction, joined=label not in references
        )
        axes.plot(
            x,
            mean,
            label=label,
            markevery=2,
            **markers(5),
            **vars(line),
        )
        axes.fill_between(x, low, high, color=line.color, alpha=0.13, linewidth=0)
    for place, name in enumerate(panels):
        if place:
            axes.axvline(100 * place, color="#999999", linewidth=0.8)
        axes.annotate(
            name,
            (100 * place + 50, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontweight="bold",
        )
    axes.set_ylabel(y_label(measure))


def _end_to_end(found: Sequence[Float64s | None], fraction: Float64s, *, joined: bool) -> Float64s:
    """(4, ...): x, and mean, lowest and highest seed, over all generations.

    found: (S, T) curves of each generation, None where there is none, which leaves a gap in the
    line. joined: whether the line goes on from one generation to the next.
    """
    gap = np.full((4, 1), np.nan)
    parts = []
    for place, seeds in enumerate(found):
        if seeds is None:
            parts.append(gap)
            continue
        x = fraction + 100 * place
        parts.append(np.stack([x, seeds.mean(axis=0), seeds.min(axis=0), seeds.max(axis=0)]))
        if not joined:
            parts.append(gap)
    return np.concatenate(parts, axis=1)
