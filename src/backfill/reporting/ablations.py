"""One knob a panel: how much Gain and AUC_CMC@1 depend on its value."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backfill.reporting.extra import Extra
from backfill.reporting.grid import columns_for
from backfill.reporting.measures import MAP
from backfill.reporting.metrics import Sampling
from backfill.reporting.paired import paired_difference
from backfill.reporting.study import PanelResults, StudyResults
from backfill.reporting.style import PALETTE, look
from backfill.reporting.wording import bare_points, points

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
# From this ratio of the largest to the smallest value on, the axis is logarithmic.
_WIDE = 8.0


class Shown(NamedTuple):
    """A row of subplots: what it shows, under which names, in which colour."""

    key: str
    label: str
    color: str


_SHOWN = (Shown("gain", "Gain (%)", PALETTE[0]), Shown("auc_cmc_1", "AUC_CMC@1 (%)", PALETTE[1]))


def ablations(
    study: StudyResults,
    metrics: Mapping[str, Mapping[str, Mapping[str, Any]]],
    *,
    title: str,
    **sampling: Unpack[Sampling],
) -> Extra:
    """Gain and AUC_CMC@1 against the value of every panel's knob, and what is best.

    metrics: by panel and label.
    """
    frame = _frame(study, metrics)
    sentences = [
        _conclusion(name, panel, metrics[name], **sampling)
        for name, panel in study.panels.items()
        if panel.upgrades
    ]
    return Extra(
        id="ablations",
        title="One knob at a time",
        caption=(
            "A panel varies one knob and leaves the rest as it is. Bars are "
            f"{100 * sampling['level']:.4g} % bootstrap intervals over the queries; the "
            "differences below are paired, the same queries drawn for both values, and can be "
            "certain where bars overlap."
        ),
        sentences=sentences,
        data=frame if study.several else frame.drop(columns="panel"),
        figure=_figure(study, frame, title),
        alt=f"Gain and AUC_CMC@1 against the value of {', '.join(study.panels)}.",
    )


def numbers(labels: Sequence[str]) -> list[float] | None:
    """The number that each label starts with; None if one has none, or two have the same."""
    matches = [_NUMBER.match(label) for label in labels]
    found = [float(match[0]) for match in matches if match]
    return found if len(found) == len(set(found)) == len(labels) else None


def _frame(
    study: StudyResults, metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> pd.DataFrame:
    """A row for each panel and value, in the order in which the figure shows them."""
    rows = []
    for name, panel in study.panels.items():
        labels = list(panel.upgrades)
        values = numbers(labels)
        if values:
            labels = [label for _, label in sorted(zip(values, labels, strict=True))]
        for label in labels:
            row = metrics[name][label]
            cells: dict[str, Any] = {"panel": name, "label": label}
            cells["value"] = numbers([label])[0] if values else None  # type: ignore[index]
            for key in ("gain", "auc_map", "auc_cmc_1"):
                cells |= {
                    key: row[key],
                    f"{key}_low": row["ci"][key]["low"],
                    f"{key}_high": row["ci"][key]["high"],
                    f"{key}_seed_std": row["seed_std"][key],
                }
            rows.append(cells)
    columns = [key for key in (rows[0] if rows else {"panel": ""}) if key not in ("panel", "label")]
    return pd.DataFrame(rows, columns=["panel", "label", *columns]).astype(
        dict.fromkeys(columns, float)
    )


def _conclusion(
    name: str,
    panel: PanelResults,
    metrics: Mapping[str, Mapping[str, Any]],
    **sampling: Unpack[Sampling],
) -> str:
    """The best value by AUC_mAP, which Gain is a share of, and how sure its lead is."""
    best, *others = sorted(panel.upgrades, key=lambda k: metrics[k]["auc_map"], reverse=True)
    gain = metrics[best]["gain"]
    share = "" if gain is None else f" with a Gain of {100 * gain:.0f} %"
    text = f"{name}: {best} is best{share}"
    if not others:
        return f"{text}; there is nothing to compare it with."
    second = others[0]
    lead = paired_difference(
        panel.results[best],
        panel.results[second],
        MAP,
        panel.results[panel.old],
        **sampling,
    )
    low, high = (metrics[k]["ci"]["auc_map"][e] for k, e in ((best, "low"), (second, "high")))
    overlap = "overlap" if high >= low else "do not overlap"
    sure = "beyond chance" if lead.verdict(MAP) == "better" else "which is undecided"
    text += (
        f", {points(lead.difference)} of AUC_mAP ahead of {second} ({bare_points(lead.low)} to "
        f"{bare_points(lead.high)}), {sure}; the intervals of the two {overlap}"
    )
    by_hits = max(panel.upgrades, key=lambda k: metrics[k]["auc_cmc_1"])
    return f"{text}." if by_hits == best else f"{text}. By AUC_CMC@1 the best is {by_hits}."


def _figure(study: StudyResults, frame: pd.DataFrame, title: str) -> Figure:
    columns = columns_for(len(study.panels))
    blocks = -(-len(study.panels) // columns)
    with look():
        figure = Figure(figsize=(1 + 3.2 * columns, 0.6 + 4.2 * blocks), layout="constrained")
        grid = figure.subplots(len(_SHOWN) * blocks, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for place, name in enumerate(study.panels):
            block, column = divmod(place, columns)
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
        figure.suptitle(f"{title}: one knob at a time", x=0.01, ha="left", fontsize=11)
    return figure


def _limits(frame: pd.DataFrame, key: str) -> tuple[float, float]:
    """One axis for all knobs: how much each of them matters is what the figure is for."""
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
