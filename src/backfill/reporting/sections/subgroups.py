"""The minority against the majority: is a subgroup's gap in accuracy closed, and when?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from backfill.arrays import Bools, Float64s
from backfill.errors import InputError
from backfill.reporting.figures.grid import X_LABEL
from backfill.reporting.measures import MAP, Measure, cmc, per_run
from backfill.reporting.panel import PanelResults
from backfill.reporting.section import Chart, Section, Table
from backfill.reporting.sections import section
from backfill.reporting.study import Study
from backfill.reporting.style import LineStyle, heading, house_style, markers
from backfill.reporting.text import listed, points, whole_percent
from backfill.results import BackfillCurve, MethodResult

TOLERANCE = 0.01  # a gap counts as closed within one point of the fully upgraded system's
_SHOWN = (cmc(1), MAP)
_DASHED = (0, (4, 1.6))  # the majority


class Gap(NamedTuple):
    """How far the minority lies behind the majority while the gallery is backfilled.

    Attributes:
        start: the gap with nothing backfilled.
        goal: that of the new reference, with everything backfilled.
        closed_at: the first fraction at which the gap is closed; None if it never is.
        stays: whether it is closed from then on.
    """

    start: float
    goal: float
    closed_at: float | None
    stays: bool

    @classmethod
    def of(cls, gap: Float64s, goal: float, fraction: Float64s) -> Gap:
        """From the gap (T,) at each fraction, joined by straight lines."""
        over = gap - (goal + TOLERANCE)
        (inside,) = np.nonzero(over <= 0)
        if not len(inside):
            return cls(float(gap[0]), goal, None, False)
        first = int(inside[0])
        at = float(fraction[first])
        if first:
            # Where the line from the last point outside meets the threshold.
            step = over[first - 1] / (over[first - 1] - over[first])
            at = float(fraction[first - 1] + step * (fraction[first] - fraction[first - 1]))
        return cls(float(gap[0]), goal, at, bool((over[first:] <= 0).all()))


@section(10, on_request=True)
def subgroups(study: Study) -> Section:
    """Accuracy of both groups against the fraction, and when the gap between them closes.

    Raises:
        InputError: the queries' groups are not known, or one of the two has no query.
    """
    minority = _minority(study)
    frame = _frame(study, minority)
    return Section(
        id="subgroups",
        title="The minority against the majority",
        caption=(
            f"Minority: the {minority.sum()} queries of {', '.join(study.minority)}; majority: the "
            f"other {(~minority).sum()}. The gap is the majority’s accuracy less the minority’s. "
            f"It counts as closed where it is at most {points(TOLERANCE)} above that of the fully "
            "backfilled new system; between two measured fractions it is taken to run straight."
        ),
        sentences=_sentences(study, frame),
        charts=[
            Chart(
                "subgroups",
                _figure(study, minority),
                alt=(
                    "Line charts of CMC@1 and of mAP against the share of the gallery backfilled, "
                    f"for the minority and for the majority, in {len(study.panels)} panels."
                ),
                caption="Solid: the minority. Dashed: the majority.",
            )
        ],
        tables=[_table(study, frame, measure) for measure in _SHOWN],
        data=frame if study.several else frame.drop(columns="panel"),
    )


def _minority(study: Study) -> Bools:
    panel = next(iter(study.panels.values()))
    queries = panel.results[panel.old].curves[0].has_positives
    if study.groups is None or study.groups.shape != queries.shape:
        found = "none" if study.groups is None else f"shape {study.groups.shape}"
        raise InputError(
            f"report: subgroups: expected the group of each of {len(queries)} queries, got {found}"
        )
    minority: Bools = np.isin(study.groups, list(study.minority))
    for name, mask in (("minority", minority), ("majority", ~minority)):
        if not (mask & queries).any():
            raise InputError(
                f"report: subgroups: expected queries with positives in the {name}, got none; "
                f"minority: {', '.join(study.minority)}; "
                f"groups: {', '.join(np.unique(study.groups))}"
            )
    return minority


def _of_group(result: MethodResult, mask: Bools, measure: Measure) -> Float64s:
    """A measure on some of the queries, (R, T)."""

    def chosen(curve: BackfillCurve) -> BackfillCurve:
        hits = {k: right[mask] for k, right in curve.hits.items()}
        return BackfillCurve(curve.fraction, curve.average_precision[mask], hits)

    group = replace(result, curves=tuple(map(chosen, result.curves)))
    return per_run(group, measure, group)


def _frame(study: Study, minority: Bools) -> pd.DataFrame:
    """A row for each panel, label and measure: both groups at the ends, the gap, its closing."""
    rows: list[dict[str, Any]] = []
    for name, panel in study.panels.items():
        for measure in _SHOWN:
            ends = [_of_group(panel.results[panel.new], m, measure) for m in (minority, ~minority)]
            goal = float(ends[1].mean(axis=0)[-1] - ends[0].mean(axis=0)[-1])
            for label, result in panel.results.items():
                few, many = (
                    _of_group(result, mask, measure).mean(axis=0) for mask in (minority, ~minority)
                )
                gap = many - few
                found = Gap.of(gap, goal, result.curves[0].fraction)
                rows.append(
                    {
                        "panel": name,
                        "label": label,
                        "measure": measure.key,
                        "minority_start": few[0],
                        "majority_start": many[0],
                        "gap_start": found.start,
                        "gap_mean": gap.mean(),
                        "gap_end": gap[-1],
                        "gap_new": found.goal,
                        "closed_at": found.closed_at,
                        "stays_closed": found.stays,
                    }
                )
    return pd.DataFrame(rows).astype({"closed_at": float}).round(6)


def _table(study: Study, frame: pd.DataFrame, measure: Measure) -> Table:
    rows = frame[frame["measure"] == measure.key]
    cells = pd.DataFrame(
        {
            "panel": rows["panel"],
            "method": rows["label"],
            "gap at 0%": [f"{100 * v:.1f}" for v in rows["gap_start"]],
            "mean gap": [f"{100 * v:.1f}" for v in rows["gap_mean"]],
            "gap at 100%": [f"{100 * v:.1f}" for v in rows["gap_end"]],
            "gap of new": [f"{100 * v:.1f}" for v in rows["gap_new"]],
            "closed at": [_closing(row) for row in rows.to_dict("records")],
        }
    )
    return Table(
        f"{measure.label}: gap in points, and the share backfilled that closes it",
        cells if study.several else cells.drop(columns="panel"),
    )


def _closing(row: Mapping[str, Any]) -> str:
    if pd.isna(row["closed_at"]):
        return "never"
    return whole_percent(row["closed_at"]) + ("" if row["stays_closed"] else ", opens again")


def _sentences(study: Study, frame: pd.DataFrame) -> list[str]:
    """Per panel and measure: which method closes the gap for good after the smallest share."""
    found = []
    for name, panel in study.panels.items():
        for measure in _SHOWN:
            rows = frame[(frame["panel"] == name) & (frame["measure"] == measure.key)]
            rows = rows[~rows["label"].isin(panel.references)]
            if not rows.empty:
                what = f"{measure.label} gap{study.where(name)}"
                found.append(f"{what}: {_closed(rows)}")
    return found


def _closed(rows: pd.DataFrame) -> str:
    closed = rows[rows["stays_closed"]].sort_values("closed_at", kind="stable")
    if closed.empty:
        return "no method closes it for good."
    first = closed.iloc[0]
    if first["closed_at"] == 0:
        labels = closed[closed["closed_at"] == 0]["label"].tolist()
        return f"closed from the start with {listed(labels)}."
    return (
        f"{first['label']} closes it first, at {whole_percent(first['closed_at'])}: from "
        f"{points(first['gap_start'])} to the new system’s {points(first['gap_new'])}."
    )


def _figure(study: Study, minority: Bools) -> Figure:
    styles = _styles(study)
    rows = len(study.panels)
    with house_style():
        figure = Figure(figsize=(9.6, 1.2 + 3.1 * rows), layout="constrained")
        grid = figure.subplots(rows, len(_SHOWN), sharex=True, squeeze=False)
        for (name, panel), line_of_axes in zip(study.panels.items(), grid, strict=True):
            for axes, measure in zip(line_of_axes, _SHOWN, strict=True):
                _draw(axes, panel, minority, measure, styles)
                where = f"{name}: " if study.several else ""
                axes.set_title(f"{where}{measure.label} (%)")
        for axes in grid[-1]:
            axes.set_xlabel(X_LABEL)
        heading(figure, f"{study.title}: minority and majority while the gallery is backfilled")
        handles = [
            Line2D([], [], color="black", linestyle="-", linewidth=1.8, label="minority"),
            Line2D([], [], color="black", linestyle=_DASHED, linewidth=1.0, label="majority"),
        ]
        handles += [
            Line2D([], [], color=styles[k].color, marker=styles[k].marker, markersize=5, label=k)
            for k in study.labels
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 6))
    return figure


def _styles(study: Study) -> dict[str, LineStyle]:
    """Dashes tell the groups apart here, so that the references differ in their grey."""
    greys = {"old": "#b0b0b0", "new": "#555555"}
    roles = study.references
    return {
        label: replace(style, color=greys[roles[label]]) if label in roles else style
        for label, style in study.line_styles.items()
    }


def _draw(
    axes: Axes,
    panel: PanelResults,
    minority: Bools,
    measure: Measure,
    styles: Mapping[str, LineStyle],
) -> None:
    """Solid and marked: the minority. Dashed and thin, in the same colour: the majority."""
    for label, result in panel.results.items():
        style, fraction = styles[label], 100 * result.curves[0].fraction
        few, many = (
            100 * _of_group(result, mask, measure).mean(axis=0) for mask in (minority, ~minority)
        )
        axes.plot(
            fraction, few, color=style.color, marker=style.marker, markevery=2,
            linewidth=1.8, **markers(4.5),
        )  # fmt: skip
        axes.plot(fraction, many, color=style.color, linestyle=_DASHED, linewidth=1.0)
    axes.set_xlim(-1.5, 101.5)
