"""Methods of a panel against each other, over the same queries: claims, and orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from backfill.reporting.figures.forest import Row, forest_figure
from backfill.reporting.figures.matrix import DECIDED, matrix_figure
from backfill.reporting.measures import Measure
from backfill.reporting.paired import COMPARED, Difference
from backfill.reporting.section import Chart, Section, Table
from backfill.reporting.sections import section
from backfill.reporting.study import Study
from backfill.reporting.text import bare_points, listed, signed

RANDOM = "random"  # the label that other orders are measured against
STAR = "★"
_OUTCOMES = {
    "confirmed": "Confirmed, better on at least one measure and worse on none",
    "mixed": "Mixed, better on one measure and worse on another",
    "refuted": "Refuted, worse on at least one measure and better on none",
    "undecided": "Undecided, no interval excludes 0",
}

# Panel, label and baseline of a comparison.
Key = tuple[str, str, str]
# The difference by the measure's key.
Differences = Mapping[str, Difference]


@section(20)
def comparison(study: Study) -> Section | None:
    """The pairs that the study names, and every panel's labels against its label `random`.

    None if there is nothing to compare.
    """
    claims = {
        key: _differences(study, key)
        for pair in study.compare
        for panel, results in study.panels.items()
        if set(pair) <= results.results.keys()
        for key in [(panel, *pair)]
    }
    orders = {
        key: _differences(study, key)
        for panel, results in study.panels.items()
        if RANDOM in results.upgrades
        for label in results.upgrades
        if label != RANDOM
        for key in [(panel, label, RANDOM)]
    }
    if not claims and not orders:
        return None
    charts, tables, sentences = [], [], []
    if claims:
        charts.append(_forest(study, claims))
        tables.append(_claims_table(study, claims))
        sentences += _outcomes(study, claims)
    if orders:
        charts.append(_matrix(study, orders))
        tables += [_orders_table(study, orders, measure) for measure in COMPARED]
        sentences.append(_wins(study, orders))
    return Section(
        id="comparison",
        title="Paired differences",
        caption=(
            "Differences are in points (hundredths), means over the backfill and the runs. "
            f"Intervals hold {study.sampling.percent} of the resamples of a bootstrap that draws "
            "the same queries for both methods."
        ),
        sentences=sentences,
        charts=charts,
        tables=tables,
        data=_frame(study, orders | claims),
    )


def outcome(found: Differences) -> str:
    """What the three measures say about a claim: confirmed, refuted, mixed or undecided."""
    verdicts = {found[measure.key].verdict(measure) for measure in COMPARED}
    if {"better", "worse"} <= verdicts:
        return "mixed"
    if "better" in verdicts:
        return "confirmed"
    return "refuted" if "worse" in verdicts else "undecided"


def _differences(study: Study, key: Key) -> Differences:
    return {measure.key: study.difference(*key, measure) for measure in COMPARED}


def _frame(study: Study, found: Mapping[Key, Differences]) -> pd.DataFrame:
    rows = [
        {
            "panel": panel,
            "label": label,
            "baseline": baseline,
            "measure": measure.summary_key,
            "value": row[measure.key].value,
            "baseline_value": row[measure.key].baseline,
            "difference": row[measure.key].difference,
            "low": row[measure.key].low,
            "high": row[measure.key].high,
            "verdict": row[measure.key].verdict(measure),
        }
        for (panel, label, baseline), row in found.items()
        for measure in COMPARED
    ]
    frame = pd.DataFrame(rows).round(6)
    return frame if study.several else frame.drop(columns="panel")


def _forest(study: Study, claims: Mapping[Key, Differences]) -> Chart:
    rows = [
        Row(f"{label} over {baseline}", panel if study.several else "", found)
        for (panel, label, baseline), found in claims.items()
    ]
    return Chart(
        "claims",
        forest_figure(rows, f"{study.title}: does the first of each pair do better?"),
        alt=(
            f"Forest plot of {len(rows)} paired differences in AUC_mAP, AUC_CMC@1 and mean NFR@1, "
            "each with its interval. The table below has the numbers."
        ),
        caption=(
            "Right of the line the first method of the pair does better. A bar that crosses the "
            "line leaves the question open."
        ),
    )


def _matrix(study: Study, orders: Mapping[Key, Differences]) -> Chart:
    panels = list(dict.fromkeys(panel for panel, _, _ in orders))
    labels = list(dict.fromkeys(label for _, label, _ in orders))
    shown = {panel: panel if study.several else "" for panel in panels}
    cells = {(shown[panel], label): found for (panel, label, _), found in orders.items()}
    return Chart(
        "orders",
        matrix_figure(
            list(shown.values()), labels, cells, f"{study.title}: each order against {RANDOM}"
        ),
        alt=(
            f"Three coloured matrices of the difference to the {RANDOM} order in AUC_mAP, "
            f"AUC_CMC@1 and mean NFR@1, for {', '.join(labels)}. The tables below have the numbers."
        ),
        caption=(
            f"Each order against the {RANDOM} order of the same panel. Blue: better; orange: "
            f"worse; {DECIDED} the interval excludes 0."
        ),
    )


def _outcomes(study: Study, claims: Mapping[Key, Differences]) -> list[str]:
    """Which claims are confirmed, mixed, refuted and undecided, a sentence each."""
    texts = {key: f"{key[1]} over {key[2]}" for key in claims}
    found = []
    for kind, meaning in _OUTCOMES.items():
        chosen = [key for key, row in claims.items() if outcome(row) == kind]
        if chosen:
            found.append(f"{meaning}: {_in_panels(study, texts, chosen)}.")
    return found


def _wins(study: Study, orders: Mapping[Key, Differences]) -> str:
    """Which orders are better than random on both areas; bounds are no orders to choose."""
    both = f"{RANDOM} on both AUC_mAP and AUC_CMC@1"
    orders = {key: row for key, row in orders.items() if key[1] in study.panels[key[0]].contenders}
    chosen = [key for key, row in orders.items() if _wins_both(row)]
    if not chosen:
        return f"No order beats {both}."
    return f"Better than {both}: {_in_panels(study, {key: key[1] for key in orders}, chosen)}."


def _in_panels(study: Study, texts: Mapping[Key, str], chosen: Iterable[Key]) -> str:
    """The chosen comparisons, each with its panels if there are several.

    Args:
        study: that compares.
        texts: what all comparisons are called.
        chosen: those that are listed. `every panel` stands for all panels in which a comparison is
            made, if these are more than two.
    """
    if not study.several:
        return "; ".join(texts[key] for key in chosen)
    made = Counter(texts.values())
    panels: dict[str, list[str]] = {}
    for key in chosen:
        panels.setdefault(texts[key], []).append(key[0])
    return "; ".join(
        f"{text} (in {'every panel' if len(names) == made[text] > 2 else listed(names)})"
        for text, names in panels.items()
    )


def _wins_both(row: Differences) -> bool:
    """Whether both areas, of mAP and of CMC@1, lie above the baseline's beyond chance."""
    areas = [measure for measure in COMPARED if measure.higher_is_better]
    return all(row[measure.key].verdict(measure) == "better" for measure in areas)


def _claims_table(study: Study, claims: Mapping[Key, Differences]) -> Table:
    rows: list[dict[str, Any]] = []
    for (panel, label, baseline), row in claims.items():
        cells = {measure.summary: _verdict(row[measure.key], measure) for measure in COMPARED}
        rows.append({"claim": f"{label} over {baseline}", "panel": panel} | cells)
    frame = pd.DataFrame(rows)
    return Table(
        "Claims: differences in points, and whether the first of the pair is better",
        frame if study.several else frame.drop(columns="panel"),
        folded=True,
    )


def _orders_table(study: Study, orders: Mapping[Key, Differences], measure: Measure) -> Table:
    """Labels by panels: the value, and its difference to random."""
    panels = list(dict.fromkeys(panel for panel, _, _ in orders))
    labels = list(dict.fromkeys(label for _, label, _ in orders))
    cells: dict[str, list[str]] = {"order": [RANDOM, *labels]}
    for panel in panels:
        rows = {label: row for (p, label, _), row in orders.items() if p == panel}
        baseline = next(iter(rows.values()))[measure.key].baseline
        cells[panel if study.several else measure.summary] = [
            _value(baseline),
            *(_cell(rows[label], measure) if label in rows else "–" for label in labels),
        ]
    better = "more" if measure.higher_is_better else "less"
    note = f"{STAR} better on both AUC_mAP and AUC_CMC@1." * measure.higher_is_better
    return Table(
        f"{measure.summary} in percent ({better} is better), and the difference to {RANDOM}",
        pd.DataFrame(cells),
        note=note,
        folded=True,
    )


def _cell(row: Differences, measure: Measure) -> str:
    found = row[measure.key]
    star = STAR if measure.higher_is_better and _wins_both(row) else ""
    if pd.isna(found.difference):
        return _value(found.value)
    return f"{_value(found.value)} ({signed(found.difference)}){star} {_interval(found)}"


def _verdict(found: Difference, measure: Measure) -> str:
    if pd.isna(found.difference):
        return "–"
    return f"{signed(found.difference)} {found.verdict(measure)} {_interval(found)}"


def _value(value: float) -> str:
    return "–" if pd.isna(value) else f"{100 * value:.1f}"


def _interval(found: Difference) -> str:
    """The interval in points; an end near 0 keeps its sign, which is what the verdict goes by."""
    low, high = (f"{'+' if v > 0 else ''}{bare_points(v)}" for v in (found.low, found.high))
    return f"[{low}, {high}]"
