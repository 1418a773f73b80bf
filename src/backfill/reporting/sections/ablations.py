"""One knob per panel: how much Gain and AUC_CMC@1 depend on its value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backfill.reporting.colours import PALETTE
from backfill.reporting.figures.grid import columns_for
from backfill.reporting.measures import MAP
from backfill.reporting.section import Chart, Section
from backfill.reporting.sections import section
from backfill.reporting.study import Study
from backfill.reporting.style import heading, house_style
from backfill.reporting.text import interval, points, whole_percent

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
# The axis is logarithmic from this ratio of the largest to the smallest value on.
_WIDE = 8.0


class Shown(NamedTuple):
    """A row of subplots: what it shows, under which name, in which colour."""

    key: str
    label: str
    color: str


_SHOWN = (Shown("gain", "Gain (%)", PALETTE[0]), Shown("auc_cmc_1", "AUC_CMC@1 (%)", PALETTE[1]))
_DATA = ("gain", "auc_map", "auc_cmc_1")


@section(10, on_request=True)
def ablations(study: Study) -> Section:
    """Gain and AUC_CMC@1 against the value of every panel's knob, and which value is best."""
    frame = _frame(study)
    return Section(
        id="ablations",
        title="One knob at a time",
        caption="A panel varies one knob and leaves the others as they are.",
        sentences=[_conclusion(study, name) for name, p in study.panels.items() if p.contenders],
        charts=[
            Chart(
                "ablations",
                _figure(study, frame),
                alt=f"Gain and AUC_CMC@1 against the value of {', '.join(study.panels)}.",
                caption=(
                    f"Bars are {study.sampling.percent} bootstrap intervals over the queries. The "
                    "differences above are paired, the same queries drawn for both values, and can "
                    "be certain where bars overlap."
                ),
            )
        ],
        data=frame if study.several else frame.drop(columns="panel"),
    )


def values_of(labels: Sequence[str]) -> list[float] | None:
    """The number that each label starts with; None if one has none, or two have the same."""
    matches = [_NUMBER.match(label) for label in labels]
    found = [float(match[0]) for match in matches if match]
    return found if len(found) == len(set(found)) == len(labels) else None


def _frame(study: Study) -> pd.DataFrame:
    """A row for each panel and value, in the order in which the figure shows them."""
    rows = []
    for name, panel in study.panels.items():
        labels = list(panel.upgrades)
        values = values_of(labels)
        if values:
            labels = [label for _, label in sorted(zip(values, labels, strict=True))]
        for label in labels:
            numbers = study.numbers[name][label].row()
            cells: dict[str, Any] = {"panel": name, "label": label}
            cells["value"] = values_of([label])[0] if values else None  # type: ignore[index]
            for key in _DATA:
                for column in (key, f"{key}_low", f"{key}_high", f"{key}_std"):
                    cells[column] = numbers[column]
            rows.append(cells)
    columns = [key for key in (rows[0] if rows else {"panel": ""}) if key not in ("panel", "label")]
    return pd.DataFrame(rows, columns=["panel", "label", *columns]).astype(
        dict.fromkeys(columns, float)
    )


def _conclusion(study: Study, name: str) -> str:
    """The best value by AUC_mAP, which Gain is a share of, and how sure its lead is."""
    upgrades, numbers = study.panels[name].contenders, study.numbers[name]
    best, *others = sorted(upgrades, key=lambda k: numbers[k].auc_map.value, reverse=True)
    gain = numbers[best].gain.value
    text = f"{name}: {best} is best"
    if np.isfinite(gain):
        text += f" with a Gain of {whole_percent(gain)}"
    if not others:
        return f"{text}; there is nothing to compare it with."
    lead = study.difference(name, best, others[0], MAP)
    sure = "" if lead.verdict(MAP) == "better" else ", which is not a clear difference"
    text += (
        f", {points(lead.difference)} {interval(lead.low, lead.high)} of AUC_mAP ahead of "
        f"{others[0]}{sure}."
    )
    by_hits = max(upgrades, key=lambda k: numbers[k].auc_cmc[1].value)
    return text if by_hits == best else f"{text} By AUC_CMC@1 the best is {by_hits}."


def _figure(study: Study, frame: pd.DataFrame) -> Figure:
    columns = columns_for(len(study.panels))
    blocks = -(-len(study.panels) // columns)
    with house_style():
        figure = Figure(figsize=(1 + 3.2 * columns, 0.6 + 4.2 * blocks), layout="constrained")
        grid = figure.subplots(len(_SHOWN) * blocks, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for position, name in enumerate(study.panels):
            block, column = divmod(position, columns)
            rows = frame[frame["panel"] == name]
            for line, shown in enumerate(_SHOWN):
                axes = grid[len(_SHOWN) * block + line, column]
                axes.set_axis_on()
                _draw(axes, rows, shown)
                axes.set_ylim(_limits(frame, shown.key))
                if column == 0:
                    axes.set_ylabel(shown.label)
                if line == 0:
                    axes.set_title(name)
        heading(figure, f"{study.title}: one knob at a time")
    return figure


def _limits(frame: pd.DataFrame, key: str) -> tuple[float, float]:
    """One axis for all knobs: the figure is about how much each of them matters."""
    ends = 100 * frame[[f"{key}_low", f"{key}_high"]].to_numpy()
    if not np.isfinite(ends).any():
        return 0.0, 100.0
    low, high = np.nanmin(ends), np.nanmax(ends)
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _draw(axes: Axes, rows: pd.DataFrame, shown: Shown) -> None:
    """Points with their intervals; joined by a line where the values are numbers."""
    ordered = rows["value"].notna().all()
    x = rows["value"].to_numpy() if ordered else np.arange(len(rows))
    middle, low, high = (
        100 * rows[f"{shown.key}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high")
    )
    # An interval of a ratio need not hold the value itself; a bar cannot have a negative length.
    bars = np.maximum([middle - low, high - middle], 0)
    axes.errorbar(
        x, middle, yerr=bars, color=shown.color, marker="o", markersize=5, capsize=3,
        linewidth=1.4 if ordered else 0, elinewidth=1.1,
    )  # fmt: skip
    if ordered and len(x) and x.min() > 0 and x.max() >= _WIDE * x.min():
        axes.set_xscale("log")
    axes.set_xticks(x, rows["label"])
    axes.minorticks_off()
    if not ordered:
        axes.set_xlim(-0.5, len(rows) - 0.5)
        axes.grid(visible=False, axis="x")
