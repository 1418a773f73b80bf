"""Where an order wins and loses against the random one: at which fractions, and which queries."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from backfill.reporting.comparison import RANDOM
from backfill.reporting.extra import Extra
from backfill.reporting.figures import X_LABEL
from backfill.reporting.looks import looks
from backfill.reporting.measures import MAP, Measure, cmc, per_seed
from backfill.reporting.metrics import areas_by_query
from backfill.reporting.study import PanelResults, StudyResults
from backfill.reporting.style import look, markers
from backfill.results import MethodResult

Float64s = NDArray[np.float64]

QUINTILES = 5
_SHOWN = (MAP, cmc(1))
_HARD, _EASY = "hardest fifth", "easiest fifth"


def winners(study: StudyResults, *, title: str) -> Extra | None:
    """Differences to the order `random`, along the backfill and by how hard a query is.

    Queries are put in fifths by their average precision before anything is backfilled. None if
    no panel has a label `random` and another one.
    """
    panels = {
        name: panel
        for name, panel in study.panels.items()
        if RANDOM in panel.upgrades and len(panel.upgrades) > 1
    }
    if not panels:
        return None
    frame = pd.concat([_of_queries(name, panel) for name, panel in panels.items()])
    return Extra(
        id="winners",
        title="Where an order wins, and where it loses",
        caption=(
            "Above: each order’s curve less that of the random order, in points. Below: the "
            "difference in the mean over the backfill, for queries in fifths by their average "
            "precision before anything is backfilled, the hardest first."
        ),
        tables=[_table(frame, measure, several=study.several) for measure in _SHOWN],
        data=frame if study.several else frame.drop(columns="panel"),
        figure=_figure(study, panels, title),
        alt=(
            "Line charts of the difference to the random order in mAP and in CMC@1, against the "
            f"share of the gallery backfilled, for {', '.join(panels)}."
        ),
    )


def _of_queries(name: str, panel: PanelResults) -> pd.DataFrame:
    """A row for each label, measure and fifth of the queries: the difference to random."""
    baseline = panel.results[RANDOM]
    fifth = fifths(_start(baseline))
    rows = []
    for label, result in panel.upgrades.items():
        if label == RANDOM:
            continue
        for measure in _SHOWN:
            ours, theirs = (areas_by_query(r, measure.k) for r in (result, baseline))
            difference = ours - theirs
            for place in range(QUINTILES):
                rows.append(
                    {
                        "panel": name,
                        "label": label,
                        "measure": f"auc_{measure.key}",
                        "fifth": place + 1,
                        "queries": int((fifth == place).sum()),
                        "difference": float(difference[fifth == place].mean()),
                    }
                )
    return pd.DataFrame(rows).round(6)


def _start(result: MethodResult) -> Float64s:
    """(Q,) average precision with nothing backfilled, the mean over the seeds."""
    starts = [curve.average_precision[:, 0] for curve in result.curves]
    return np.asarray(np.mean(starts, axis=0, dtype=np.float64))


def fifths(difficulty: Float64s) -> NDArray[np.int64]:
    """(Q,) the fifth of each query, 0 the lowest; -1 for one without a number."""
    known = np.isfinite(difficulty)
    place = np.full(len(difficulty), -1)
    rank = np.argsort(np.argsort(difficulty[known], kind="stable"), kind="stable")
    place[known] = rank * QUINTILES // max(known.sum(), 1)
    return place


def _table(frame: pd.DataFrame, measure: Measure, *, several: bool) -> tuple[str, pd.DataFrame]:
    rows = frame[frame["measure"] == f"auc_{measure.key}"].assign(
        difference=lambda f: [f"{100 * v:+.1f}" for v in f["difference"]]
    )
    names = [_HARD, *map(str, range(2, QUINTILES)), _EASY]
    wide = rows.pivot(index=["panel", "label"], columns="fifth", values="difference")
    # As the study lists them, not by the alphabet.
    wide = wide.reindex(pd.MultiIndex.from_frame(rows[["panel", "label"]].drop_duplicates()))
    wide.columns = pd.Index(names)
    cells = wide.reset_index().rename(columns={"label": "order"})
    caption = f"{measure.summary} less that of the random order, in points"
    return caption, cells if several else cells.drop(columns="panel")


def _figure(study: StudyResults, panels: dict[str, PanelResults], title: str) -> Figure:
    every = looks(study.panels)
    with look():
        figure = Figure(figsize=(1.2 + 2.5 * len(panels), 6.4), layout="constrained")
        grid = figure.subplots(len(_SHOWN), len(panels), sharex=True, sharey="row", squeeze=False)
        for axes_row, measure in zip(grid, _SHOWN, strict=True):
            axes_row[0].set_ylabel(f"{measure.label} less random’s (points)")
            for axes, (name, panel) in zip(axes_row, panels.items(), strict=True):
                _draw(axes, panel, measure, every)
                if measure is _SHOWN[0]:
                    axes.set_title(name)
        for axes in grid[-1]:
            axes.set_xlabel(X_LABEL if len(panels) == 1 else "backfilled (%)")
        found = {
            text: handle
            for axes in grid.flat
            for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            list(found.values()), list(found), loc="outside lower center",
            ncols=min(len(found), 5), handlelength=3.4,
        )  # fmt: skip
        figure.suptitle(f"{title}: orders against random", x=0.01, ha="left", fontsize=11)
    return figure


def _draw(axes: Axes, panel: PanelResults, measure: Measure, every: dict) -> None:  # type: ignore[type-arg]
    """A line each order, above zero where it is ahead of the random one."""
    old = panel.results[panel.old]
    baseline = per_seed(panel.results[RANDOM], measure, old).mean(axis=0)
    axes.axhline(0, color="#888888", linewidth=0.8)
    for label, result in panel.upgrades.items():
        if label == RANDOM:
            continue
        ahead = 100 * (per_seed(result, measure, old).mean(axis=0) - baseline)
        axes.plot(
            100 * result.curves[0].fraction, ahead, label=label, markevery=2,
            **markers(4.5), **vars(every[label]),
        )  # fmt: skip
