"""Where an order wins and loses against the random one: at which fractions, for which queries."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backfill.arrays import Float64s, Int64s
from backfill.reporting.figures.grid import SHORT_X_LABEL, columns_for, panel_grid
from backfill.reporting.measures import MAP, Measure, areas_by_query, cmc, on_common_draws
from backfill.reporting.section import Chart, Section, Table
from backfill.reporting.sections import section
from backfill.reporting.sections.comparison import RANDOM
from backfill.reporting.study import Study
from backfill.reporting.style import heading, house_style, markers
from backfill.reporting.text import signed
from backfill.results import MethodResult

QUINTILES = 5
_SHOWN = (MAP, cmc(1))
_HARD, _EASY = "hardest fifth", "easiest fifth"

# Panel -> its orders other than random.
Orders = dict[str, list[str]]


@section(30)
def winners(study: Study) -> Section | None:
    """Differences to the order `random`, along the backfill and by how hard a query is.

    Queries are put in fifths by their average precision before anything is backfilled. None if
    no panel has a label `random` and another one.
    """
    orders = {
        name: others
        for name, panel in study.panels.items()
        if RANDOM in panel.upgrades
        and (others := [label for label in panel.upgrades if label != RANDOM])
    }
    if not orders:
        return None
    frame = pd.concat([_of_queries(study, name, labels) for name, labels in orders.items()])
    return Section(
        id="winners",
        title="Where an order wins, and where it loses",
        caption=(
            "Each order’s curve less that of the random order, in points; then the difference in "
            "the mean over the backfill, for queries in fifths by their average precision before "
            "anything is backfilled."
        ),
        charts=[_chart(study, orders, measure) for measure in _SHOWN],
        tables=[_table(frame, measure, several=study.several) for measure in _SHOWN],
        data=frame if study.several else frame.drop(columns="panel"),
    )


def _of_queries(study: Study, name: str, labels: list[str]) -> pd.DataFrame:
    """A row for each label, measure and fifth of the queries: the difference to random."""
    results = study.panels[name].results
    baseline = results[RANDOM]
    fifth = fifths(_start(baseline))
    rows = []
    for label in labels:
        for measure in _SHOWN:
            pair = on_common_draws(results[label], baseline)
            ours, theirs = (areas_by_query(r, measure.k).mean(axis=0) for r in pair)
            difference = ours - theirs
            for number in range(QUINTILES):
                chosen = difference[fifth == number]
                rows.append(
                    {
                        "panel": name,
                        "label": label,
                        "measure": measure.summary_key,
                        "fifth": number + 1,
                        "queries": len(chosen),
                        # Fewer than five queries leave a fifth empty.
                        "difference": float(chosen.mean()) if len(chosen) else np.nan,
                    }
                )
    return pd.DataFrame(rows).round(6)


def _start(result: MethodResult) -> Float64s:
    """(Q,) average precision with nothing backfilled, the mean over the runs."""
    starts = [curve.average_precision[:, 0] for curve in result.curves]
    return np.asarray(np.mean(starts, axis=0, dtype=np.float64))


def fifths(difficulty: Float64s) -> Int64s:
    """The fifth of each query, (Q,): 0 for the lowest, -1 for a query without a number."""
    known = np.isfinite(difficulty)
    found = np.full(len(difficulty), -1)
    position = np.argsort(np.argsort(difficulty[known], kind="stable"), kind="stable")
    found[known] = position * QUINTILES // max(known.sum(), 1)
    return found


def _table(frame: pd.DataFrame, measure: Measure, *, several: bool) -> Table:
    rows = frame[frame["measure"] == measure.summary_key].assign(
        difference=lambda f: ["–" if np.isnan(v) else signed(v) for v in f["difference"]]
    )
    names = [_HARD, *map(str, range(2, QUINTILES)), _EASY]
    wide = rows.pivot(index=["panel", "label"], columns="fifth", values="difference")
    # As the study lists them, not by the alphabet.
    wide = wide.reindex(pd.MultiIndex.from_frame(rows[["panel", "label"]].drop_duplicates()))
    wide.columns = pd.Index(names)
    cells = wide.reset_index().rename(columns={"label": "order"})
    return Table(
        f"{measure.summary} less that of the random order, in points",
        cells if several else cells.drop(columns="panel"),
        folded=len(cells) > 12,
    )


def _chart(study: Study, orders: Orders, measure: Measure) -> Chart:
    return Chart(
        f"winners_{measure.key}",
        _figure(study, orders, measure),
        alt=(
            f"Line charts of the difference to the random order in {measure.label} against the "
            f"share of the gallery backfilled, for {', '.join(orders)}."
        ),
        caption=f"{measure.label}: above 0, an order is ahead of the random one.",
    )


def _figure(study: Study, orders: Orders, measure: Measure) -> Figure:
    columns = columns_for(len(orders))
    rows = -(-len(orders) // columns)
    ahead = {
        name: {label: _ahead(study, name, label, measure) for label in labels}
        for name, labels in orders.items()
    }
    values = {name: np.concatenate(list(lines.values())) for name, lines in ahead.items()}
    with house_style():
        figure = Figure(figsize=(1.6 + 2.9 * columns, 1.3 + 2.3 * rows), layout="constrained")
        for name, axes in panel_grid(figure, values, SHORT_X_LABEL).items():
            _draw(axes, study, ahead[name])
        found = {
            text: handle
            for axes in figure.axes
            for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            list(found.values()), list(found), loc="outside lower center",
            ncols=min(len(found), 2 * columns), handlelength=3.4,
        )  # fmt: skip
        figure.supylabel(f"{measure.label} less that of random (points)", fontsize=9)
        heading(figure, f"{study.title}: orders against random, {measure.label}")
    return figure


def _ahead(study: Study, panel: str, label: str, measure: Measure) -> Float64s:
    """(T,) how far an order's mean curve lies above that of the random order, in points."""
    ours, theirs = (study.curves(panel, k, measure).mean(axis=0) for k in (label, RANDOM))
    return np.asarray(100 * (ours - theirs))


def _draw(axes: Axes, study: Study, ahead: dict[str, Float64s]) -> None:
    axes.axhline(0, color="#888888", linewidth=0.8)
    for label, line in ahead.items():
        axes.plot(
            100 * study.fraction, line, label=label, markevery=2,
            **markers(4.5), **vars(study.line_styles[label]),
        )  # fmt: skip
