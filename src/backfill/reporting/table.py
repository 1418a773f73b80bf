"""The table of all methods: the columns of the rank merge paper's Table 1, and then more."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from backfill.reporting.plots_data import without_needless
from backfill.reporting.published import CITATION, published_row

ESTIMATES = ("auc_map", "auc_cmc_1", "gain")
CONDITIONS = ("starts_at_old", "ends_at_new", "never_falls")
_WIDTH = 100
_SHORT = {"mAP 0 → 100 %": "mAP", "worst step": "worst"}  # headings in the terminal


def summary(
    metrics: Mapping[str, Mapping[str, Mapping[str, Any]]],
    dataset: str,
    labels: Mapping[str, Mapping[str, str]] | None = None,
) -> pd.DataFrame:
    """One row a method, in the order given; fractions. This is table.csv.

    metrics: by panel and method. labels: by panel and method, where they are not the method.
    panel if there are several, method, and label if one differs. For auc_map, auc_cmc_1 and gain:
    the value, <name>_low and <name>_high (bootstrap interval), <name>_seed_std, and paper_<name> if
    the paper has the dataset (empty where it has no such method). Then map_start, map_end,
    worst_step, nfr_1_mean, and the three conditions.
    """
    rows = []
    for panel, methods in metrics.items():
        for method, numbers in methods.items():
            label = (labels or {}).get(panel, {}).get(method, method)
            row: dict[str, Any] = {"panel": panel, "method": method, "label": label}
            paper = published_row(dataset, method)
            for key in ESTIMATES:
                row[key] = numbers[key]
                row[f"{key}_low"] = numbers["ci"][key]["low"]
                row[f"{key}_high"] = numbers["ci"][key]["high"]
                row[f"{key}_seed_std"] = numbers["seed_std"][key]
                row[f"paper_{key}"] = getattr(paper, key, None)
            for key in ("map_start", "map_end", "worst_step", "nfr_1_mean"):
                row[key] = numbers[key]
            row |= {key: numbers["conditions"][key] for key in CONDITIONS}
            rows.append(row)
    frame = without_needless(pd.DataFrame(rows))
    paper_columns = [f"paper_{key}" for key in ESTIMATES]
    frame[paper_columns] = frame[paper_columns].astype(float)
    return frame.drop(columns=[key for key in paper_columns if frame[key].isna().all()])


class Column(NamedTuple):
    """A column for readers: heading, what it means, and its cell for a row of `summary`."""

    heading: str
    meaning: str
    cell: Callable[[Mapping[str, Any]], str]


def columns(frame: pd.DataFrame) -> list[Column]:
    """The columns for readers, in percent with one decimal (Gain in whole percent)."""
    found = [Column("panel", "methods measured alike", lambda row: row["panel"])]
    found = found if "panel" in frame else []
    found += [
        Column("method", "method", lambda row: row.get("label", row["method"])),
        *_estimate("AUC_mAP", "auc_map", "mean mAP over the backfill, %", frame),
        *_estimate("AUC_CMC", "auc_cmc_1", "mean CMC@1 over the backfill, %", frame),
        *_estimate("Gain", "gain", "share of the way from old to new in AUC_mAP", frame),
        Column("mAP 0 → 100 %", "mAP before and after the backfill, %", _start_to_end),
        Column("worst step", "largest fall of mAP from one point to the next, %", _worst),
        Column("NFR@1", "mean negative flip rate over the backfill, %", _flips),
    ]
    questions = (
        ("starts ≥ old", "is mAP at 0 % at least that of the old model?"),
        ("ends ≥ new", "is mAP at 100 % at least that of the new model?"),
        ("never falls", "does mAP never fall from one point to the next?"),
    )
    for key, (heading, meaning) in zip(CONDITIONS, questions, strict=True):
        found.append(Column(heading, meaning, _yes_or_no(key)))
    return found


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns for readers as a table of text, under their headings."""
    rows = frame.to_dict("records")
    return pd.DataFrame({c.heading: [c.cell(row) for row in rows] for c in columns(frame)})


def markdown(frame: pd.DataFrame) -> str:
    """The readable table in GitHub's Markdown, and a line that says how to read it."""
    table = readable(frame)
    names = ["left"] * (2 if "panel" in frame else 1)
    rest = table.shape[1] - len(names) - len(CONDITIONS)
    align = [*names, *["right"] * rest, *["center"] * len(CONDITIONS)]
    # Underscores in AUC_mAP or rm_naive are inside words, where GitHub takes them as they are.
    text = table.to_markdown(index=False, colalign=align, disable_numparse=True)
    return f"{text}\n\n{note(frame)}\n"


def note(frame: pd.DataFrame) -> str:
    """How to read a cell, and where the paper's numbers come from if there are any."""
    text = "[low, high]: bootstrap interval over the queries."
    if frame["auc_map_seed_std"].notna().any():
        text = f"±: standard deviation over the seeds. {text}"
    return f"{text} paper: {CITATION}." if "paper_auc_map" in frame else text


def csv(frame: pd.DataFrame) -> str:
    """The full table as CSV, fractions with six decimals at most."""
    text: str = frame.to_csv(index=False)
    return text


def print_table(frame: pd.DataFrame, console: Console | None = None) -> None:
    """Print the table in at most 100 columns: no intervals, and the conditions as three marks.

    Several panels are tables of their own. A terminal narrower than that gets no columns of the
    paper. `frame` is a `summary`, or table.csv as pandas reads it.
    """
    console = console or _console()
    if console.width < _WIDTH:
        frame = frame.drop(columns=[key for key in frame if key.startswith("paper_")])
    if "panel" in frame:
        for panel, rows in frame.groupby("panel", sort=False):
            console.print(_terminal_table(rows.drop(columns="panel"), str(panel)))
    else:
        console.print(_terminal_table(frame))
    console.print(
        "In percent, ± over the seeds. mAP: before and after the backfill. worst: its largest\n"
        "fall from one point to the next. NFR@1: mean negative flip rate.\n"
        "≥≥↗: starts no worse than old, ends no worse than new, never falls.",
        style="dim",
    )


def _terminal_table(frame: pd.DataFrame, title: str | None = None) -> Table:
    shown = columns(frame)
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        title=Text(title) if title else None,  # a name is text, whatever it looks like
        title_justify="left",
    )
    for column in shown[: -len(CONDITIONS)]:
        # The paper's numbers stand right of ours, whose heading says what they are.
        heading = "paper" if column.heading.startswith("paper ") else column.heading
        heading = _SHORT.get(heading, heading)
        if heading == "method":
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("≥≥↗", no_wrap=True)
    for row in frame.to_dict("records"):
        *cells, starts, ends, rises = (column.cell(row) for column in shown)
        marks = "".join("✓" if answer == "yes" else "·" for answer in (starts, ends, rises))
        table.add_row(
            *(escape(cell.partition(" [")[0].replace(" → ", "→")) for cell in cells), marks
        )
    return table


def _console() -> Console:
    """The terminal; a pipe or a file, which has no width of its own, gets the full one."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def _estimate(heading: str, key: str, meaning: str, frame: pd.DataFrame) -> list[Column]:
    decimals, unit = (0, "%") if key == "gain" else (1, "")

    def percent(value: float) -> str:
        return f"{100 * value:.{decimals}f}"

    def cell(row: Mapping[str, Any]) -> str:
        if pd.isna(row[key]):
            return "–"
        text = percent(row[key])
        if pd.notna(row[f"{key}_seed_std"]):
            text += f" ± {percent(row[f'{key}_seed_std'])}"
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


def _worst(row: Mapping[str, Any]) -> str:
    # A curve that only rises has no fall to show; its smallest rise would mislead.
    # Two digits, not two decimals: a small fall must not read as none.
    return f"{100 * row['worst_step']:.2g}" if row["worst_step"] < 0 else "none"


def _flips(row: Mapping[str, Any]) -> str:
    return "–" if pd.isna(row["nfr_1_mean"]) else f"{100 * row['nfr_1_mean']:.1f}"


def _yes_or_no(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: "yes" if row[key] else "no"
