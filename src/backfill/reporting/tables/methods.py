"""The table of all methods: the columns of the rank merge paper's Table 1, and then more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from backfill.reporting.study import Study
from backfill.reporting.tables.published import CITATION, published_row

ESTIMATES = ("auc_map", "auc_cmc_1", "gain")
CONDITIONS = ("map_starts_at_old", "map_ends_at_new", "map_never_falls", "cmc_1_never_falls")


class Column(NamedTuple):
    """A column for readers.

    Attributes:
        heading: its name.
        meaning: what it says.
        cell: its text for a row of :func:`methods`.
    """

    heading: str
    meaning: str
    cell: Callable[[Mapping[str, Any]], str]


def methods(study: Study) -> pd.DataFrame:
    """One row per method, in the study's order; fractions. This is table.csv.

    Returns:
        Columns: panel, if there are several; method, the row's name; label, if one differs from
        it. Then everything in :meth:`Numbers.row`; background, the size of the largest background
        of a calibration, if a method has one; and paper_auc_map, paper_auc_cmc_1 and paper_gain if
        the paper has the dataset (empty for a method that it lacks).
    """
    rows = []
    for panel, numbers in study.numbers.items():
        for label, found in numbers.items():
            method = study.panels[panel].names[label]
            paper = published_row(study.dataset, method)
            pairs = study.panels[panel].pairs.get(label)
            rows.append(
                {"panel": panel, "method": method, "label": label}
                | found.row()
                | {"background": pairs.background if pairs else None}
                | {f"paper_{key}": getattr(paper, key, None) for key in ESTIMATES}
            )
    frame = drop_needless(pd.DataFrame(rows))
    paper_columns = [f"paper_{key}" for key in ESTIMATES]
    frame[paper_columns] = frame[paper_columns].astype(float)
    frame["background"] = frame["background"].astype("Int64")
    optional = ["background", *paper_columns]
    return frame.drop(columns=[key for key in optional if frame[key].isna().all()])


def drop_needless(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop the column panel if there is one panel, and labels that repeat the method's name."""
    needless = [
        *(["panel"] if frame["panel"].nunique() < 2 else []),
        *(["label"] if (frame["label"] == frame["method"]).all() else []),
    ]
    return frame.drop(columns=needless)


def columns(frame: pd.DataFrame) -> list[Column]:
    """The columns for readers, in percent with one decimal (Gain in whole percent).

    Args:
        frame: as :func:`methods` returns it, or as pandas reads table.csv.
    """
    found = [Column("panel", "methods measured between the same references", lambda r: r["panel"])]
    found = found if "panel" in frame else []
    found += [
        Column("method", "method", lambda row: row.get("label", row["method"])),
        *(
            [Column("draws", "independent draws of the encoders", lambda row: str(row["draws"]))]
            if frame["draws"].nunique() > 1
            else []
        ),
        *_estimate("AUC_mAP", "auc_map", "mean mAP over the backfill, in percent", frame),
        *_estimate("AUC_CMC@1", "auc_cmc_1", "mean CMC@1 over the backfill, in percent", frame),
        *_estimate("Gain", "gain", "share of the way from old to new in AUC_mAP", frame),
        Column("mAP 0 → 100%", "mAP before and after the backfill, in percent", _start_to_end),
        *_official(frame),
        Column("worst step", "largest fall of mAP from one fraction to the next in a run", _worst),
        Column(
            "NFR@1 at 0%", "negative flip rate before the backfill, in percent", _flips("start")
        ),
        Column("NFR@1", "mean negative flip rate over the backfill, in percent", _flips("mean")),
    ]
    if "background" in frame:
        meaning = "how many backfilled items a query is compared with for calibration, at most"
        found.append(Column("background", meaning, _background))
    questions = (
        ("starts ≥ old", "in how many runs is mAP at 0% at least that of the old model?"),
        ("ends ≥ new", "in how many runs is mAP at 100% at least that of the new model?"),
        ("never falls", "in how many runs does mAP never fall from one fraction to the next?"),
        ("CMC never falls", "in how many runs does CMC@1 never fall?"),
    )
    for key, (heading, meaning) in zip(CONDITIONS, questions, strict=True):
        found.append(Column(heading, meaning, _of_runs(key)))
    return found


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns for readers as a table of text, under their headings."""
    rows = frame.to_dict("records")
    return pd.DataFrame({c.heading: [c.cell(row) for row in rows] for c in columns(frame)})


def note(frame: pd.DataFrame) -> str:
    """How to read a cell, and where the paper's numbers come from if there are any."""
    several = bool((frame["draws"] > 1).any())
    over = "queries and draws of the encoders together" if several else "the queries"
    text = f"[low, high]: bootstrap interval over {over}."
    if frame["auc_map_std"].notna().any():
        over = "draws of the encoders, or seeds of the only one" if several else "the seeds"
        text = f"±: standard deviation over {over}. {text}"
    return f"{text} paper: {CITATION}." if "paper_auc_map" in frame else text


def _estimate(heading: str, key: str, meaning: str, frame: pd.DataFrame) -> list[Column]:
    decimals, unit = (0, "%") if key == "gain" else (1, "")

    def percent(value: float) -> str:
        return f"{100 * value:.{decimals}f}"

    def cell(row: Mapping[str, Any]) -> str:
        if pd.isna(row[key]):
            return "–"
        text = percent(row[key])
        if pd.notna(row[f"{key}_std"]):
            text += f" ± {percent(row[f'{key}_std'])}"
        text += unit
        if pd.notna(row[f"{key}_low"]):
            text += f" [{percent(row[f'{key}_low'])}, {percent(row[f'{key}_high'])}]"
        return text

    def paper_cell(row: Mapping[str, Any]) -> str:
        value = row[f"paper_{key}"]
        return "–" if pd.isna(value) else percent(value) + unit

    found = [Column(heading, meaning, cell)]
    if f"paper_{key}" in frame:
        found.append(Column(f"paper {heading}", f"{heading} as the paper prints it", paper_cell))
    return found


def _start_to_end(row: Mapping[str, Any]) -> str:
    return f"{100 * row['map_start']:.1f} → {100 * row['map_end']:.1f}"


def _official(frame: pd.DataFrame) -> list[Column]:
    """The benchmark's own mAP, if it has one that the other columns do not show."""
    if "auc_map_trapezoidal" not in frame:
        return []

    def ends(row: Mapping[str, Any]) -> str:
        start, end = row["map_trapezoidal_start"], row["map_trapezoidal_end"]
        return f"{100 * start:.1f} → {100 * end:.1f}"

    what = "official mAP, trapezoidal and of the whole ranking, in percent"
    return [
        Column(
            "official AUC_mAP",
            f"mean {what}",
            lambda row: f"{100 * row['auc_map_trapezoidal']:.1f}",
        ),
        Column("official mAP 0 → 100%", what, ends),
    ]


def _worst(row: Mapping[str, Any]) -> str:
    # A curve that only rises has no fall to show; its smallest rise would mislead.
    # Two digits, not two decimals: a small fall must not read as none.
    return f"{100 * row['worst_step']:.2g}" if row["worst_step"] < 0 else "none"


def _flips(when: str) -> Callable[[Mapping[str, Any]], str]:
    key = f"nfr_1_{when}"
    return lambda row: "–" if pd.isna(row[key]) else f"{100 * row[key]:.1f}"


def _background(row: Mapping[str, Any]) -> str:
    return "–" if pd.isna(row["background"]) else f"{int(row['background']):,}"


def _of_runs(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: f"{row[key]}/{row['runs']}"
