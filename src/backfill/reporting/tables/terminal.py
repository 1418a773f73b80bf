"""The table of all methods in a terminal."""

from __future__ import annotations

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from backfill.reporting.tables.methods import CONDITIONS, columns

_WIDTH = 100
_SHORT = {
    "mAP 0 → 100%": "mAP",
    "worst step": "worst",
    "AUC_CMC@1": "AUC_CMC",
    "NFR@1 at 0%": "NFR 0%",
}


def print_table(frame: pd.DataFrame, console: Console | None = None) -> None:
    """Print the table in at most 100 columns: no intervals, and the conditions as marks.

    Args:
        frame: as in table.csv. Several panels are tables of their own.
        console: to print to. A terminal narrower than 100 columns gets no columns of the paper.
    """
    console = console or _console()
    if console.width < _WIDTH:
        frame = frame.drop(columns=[key for key in frame if key.startswith("paper_")])
    if "panel" in frame:
        for panel, rows in frame.groupby("panel", sort=False):
            console.print(_table(rows.drop(columns="panel"), str(panel)))
    else:
        console.print(_table(frame))
    console.print(
        "In percent, ± over draws of the encoders, or seeds. AUC_CMC: CMC@1's. mAP: at both ends.\n"
        "worst: its largest fall from one fraction to the next. NFR@1: mean negative flip rate.\n"
        "≥≥↗↗: starts ≥ old, ends ≥ new, mAP and CMC@1 never fall, each in all runs.",
        style="dim",
    )


def _table(frame: pd.DataFrame, title: str | None = None) -> Table:
    shown = columns(frame)
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        title=Text(title) if title else None,  # a name is text, whatever it looks like
        title_justify="left",
    )
    # Beside the paper's numbers there is no room for all of ours.
    beside_paper = any(key.startswith("paper_") for key in frame)
    left_out = [
        "background",
        "official AUC_mAP",
        "official mAP 0 → 100%",
        *(["NFR@1 at 0%"] if beside_paper else []),
    ]
    kept = [column for column in shown[: -len(CONDITIONS)] if column.heading not in left_out]
    for column in kept:
        # The paper's numbers stand right of ours, whose heading says what they are.
        heading = "paper" if column.heading.startswith("paper ") else column.heading
        heading = _SHORT.get(heading, heading)
        if heading == "method":
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("≥≥↗↗", no_wrap=True)
    for row in frame.to_dict("records"):
        cells = [column.cell(row) for column in kept]
        marks = "".join("✓" if row[key] == row["runs"] else "·" for key in CONDITIONS)
        table.add_row(
            *(escape(cell.partition(" [")[0].replace(" → ", "→")) for cell in cells), marks
        )
    return table


def _console() -> Console:
    """The terminal; a pipe or a file has no width of its own and gets the full one."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)
