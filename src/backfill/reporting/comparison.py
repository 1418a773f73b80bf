"""Methods of a panel against each other, over the same queries: orders against random, claims."""

from collections.abc import Mapping
from typing import Any, Unpack

import pandas as pd

from backfill.reporting.extra import Extra
from backfill.reporting.measures import Measure
from backfill.reporting.metrics import Sampling
from backfill.reporting.paired import COMPARED, Difference, paired_difference
from backfill.reporting.study import StudyResults
from backfill.reporting.wording import bare_points, listed, points

RANDOM = "random"  # the label that other orders are measured against
_STAR = " ★"
_VERDICTS = {"better": "confirmed", "worse": "refuted", "undecided": "undecided"}
# panel, label, baseline -> the difference in each measure
Differences = dict[tuple[str, str, str], dict[str, Difference]]


def comparison(study: StudyResults, **sampling: Unpack[Sampling]) -> Extra | None:
    """Every panel's labels against its label `random`, and the pairs that the study names.

    None if there is nothing to compare.
    """
    chosen = _chosen(study)
    found: Differences = {}
    for panel, label, baseline in chosen:
        results = study.panels[panel].results
        found[panel, label, baseline] = {
            measure.key: paired_difference(
                results[label],
                results[baseline],
                measure,
                results[study.panels[panel].old],
                **sampling,
            )
            for measure in COMPARED
        }
    if not found:
        return None
    against_random = {key: row for key, row in found.items() if key[2] == RANDOM}
    claims = {key: found[key] for key in chosen if key[1:] in map(tuple, study.compare)}
    tables = []
    if against_random:
        tables += [_pivot(study, against_random, measure) for measure in COMPARED]
    if claims:
        tables.append(_claims_table(study, claims))
    sentences = _stars(study, against_random) if against_random else []
    for key, row in claims.items():
        for measure in COMPARED:
            sentences += _claim(study, key, row[measure.key], measure)
    return Extra(
        id="comparison",
        title="Paired differences",
        caption=(
            "Differences are in points (hundredths), means over the backfill and the seeds. "
            f"[low, high]: {100 * sampling['level']:.4g} % interval from a bootstrap that draws "
            "the same queries for both methods."
        ),
        sentences=sentences,
        tables=tables,
        data=_frame(study, found),
    )


def _chosen(study: StudyResults) -> list[tuple[str, str, str]]:
    """Panel, label and baseline of every comparison, each once."""
    chosen = []
    for name, panel in study.panels.items():
        if RANDOM in panel.upgrades:
            chosen += [(name, label, RANDOM) for label in panel.upgrades if label != RANDOM]
        chosen += [(name, *pair) for pair in study.compare if set(pair) <= panel.results.keys()]
    return list(dict.fromkeys(chosen))


def _frame(study: StudyResults, found: Differences) -> pd.DataFrame:
    rows = [
        {
            "panel": panel,
            "label": label,
            "baseline": baseline,
            "measure": f"{measure.key}_mean" if measure.key == "nfr_1" else f"auc_{measure.key}",
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


def _pivot(study: StudyResults, found: Differences, measure: Measure) -> tuple[str, pd.DataFrame]:
    """Labels by panels: the value, and its difference to random."""
    panels = list(dict.fromkeys(panel for panel, _, _ in found))
    labels = list(dict.fromkeys(label for _, label, _ in found))
    cells: dict[str, list[str]] = {"order": [RANDOM, *labels]}
    for panel in panels:
        rows = {label: row[measure.key] for (p, label, _), row in found.items() if p == panel}
        baseline = next(iter(rows.values())).baseline
        cells[panel if study.several else measure.summary] = [
            _value(baseline),
            *(
                _cell(rows[label]) + _star(found[panel, label, RANDOM], measure)
                if label in rows
                else "–"
                for label in labels
            ),
        ]
    better = "more" if measure.higher_is_better else "less"
    caption = f"{measure.summary} in %, {better} is better (difference to {RANDOM} [low, high])"
    return caption, pd.DataFrame(cells)


def _cell(found: Difference) -> str:
    return f"{_value(found.value)} ({_signed(found)})"


def _value(value: float) -> str:
    return "–" if pd.isna(value) else f"{100 * value:.1f}"


def _signed(found: Difference) -> str:
    if pd.isna(found.difference):
        return "–"
    difference, low, high = (100 * v for v in (found.difference, found.low, found.high))
    return f"{difference:+.1f} [{low:+.1f}, {high:+.1f}]"


def _wins_both(row: Mapping[str, Difference]) -> bool:
    """Whether both areas, of mAP and of CMC@1, lie above the baseline's beyond chance."""
    areas = [measure for measure in COMPARED if measure.higher_is_better]
    return all(row[measure.key].verdict(measure) == "better" for measure in areas)


def _star(row: Mapping[str, Difference], measure: Measure) -> str:
    return _STAR if measure.higher_is_better and _wins_both(row) else ""


def _stars(study: StudyResults, found: Differences) -> list[str]:
    """Which orders are better than random on both areas, panel by panel."""
    what = f"above {RANDOM} in both AUC_mAP and AUC_CMC@1, with both intervals excluding 0"
    by_panel: dict[str, list[str]] = {}
    for (panel, label, _), row in found.items():
        if _wins_both(row):
            by_panel.setdefault(panel, []).append(label)
    if not by_panel:
        return [f"No order is {what}."]
    names = (f"{listed(labels)}{_inside(study, panel)}" for panel, labels in by_panel.items())
    return [f"{_STAR.strip()} {what}: {'; '.join(names)}."]


def _claims_table(study: StudyResults, claims: Differences) -> tuple[str, pd.DataFrame]:
    rows: list[dict[str, Any]] = []
    for (panel, label, baseline), row in claims.items():
        cells = {
            measure.summary: f"{_signed(row[measure.key])} {row[measure.key].verdict(measure)}"
            for measure in COMPARED
        }
        rows.append({"panel": panel, "difference": f"{label} − {baseline}"} | cells)
    frame = pd.DataFrame(rows)
    caption = "Differences in points [low, high], and whether the first is better than the second"
    return caption, frame if study.several else frame.drop(columns="panel")


def _claim(
    study: StudyResults, key: tuple[str, str, str], found: Difference, measure: Measure
) -> list[str]:
    """One sentence on the claim that the first of a pair does better than the second."""
    panel, label, baseline = key
    if pd.isna(found.difference):
        return []
    sign, side = (1, "above") if found.difference >= 0 else (-1, "below")
    low, high = sorted((sign * found.low, sign * found.high))
    return [
        f"{label}’s {measure.summary} is {points(sign * found.difference)} "
        f"({bare_points(low)} to {bare_points(high)}) {side} {baseline}’s"
        f"{_inside(study, panel)}: {_VERDICTS[found.verdict(measure)]}."
    ]


def _inside(study: StudyResults, panel: str) -> str:
    return f" in {panel}" if study.several else ""
