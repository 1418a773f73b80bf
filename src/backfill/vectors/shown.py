"""What was found in a folder, in a terminal."""

from __future__ import annotations

from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from backfill.vectors.checking import Report

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def show(report: Report, console: Console | None = None) -> None:
    """Print what is there, what is missing, and what is wrong.

    Args:
        report: of :func:`backfill.vectors.check`.
        console: to print to.
    """
    console = console or Console()
    if report.files:
        console.print(_files(report))
    if report.missing:
        console.print(_missing(report))
    console.print()
    for found in report.findings:
        # Text, not markup: a file may be named like one.
        console.print(
            Text.assemble((f"{found.level}: ", _STYLES[found.level]), found.message), soft_wrap=True
        )
    if report.findings:
        console.print()
    counts = " and ".join(_count(len(report.of(level)), level) for level in ("error", "warning"))
    then = f". Next: backfill forecast {report.folder}" if report.ok else ""
    console.print(Text(f"{counts[0].upper()}{counts[1:]}{then}", "bold"), soft_wrap=True)


def _files(report: Report) -> Table:
    table = _table("found", "rows", "width", "dtype", "holds")
    for file in report.files:
        cells = ["unreadable" if file.rows is None else f"{file.rows:,}"]
        cells += ["" if file.width is None else f"{file.width:,}", file.dtype or ""]
        table.add_row(escape(file.file), *cells, file.holds)
    return table


def _missing(report: Report) -> Table:
    table = _table("missing", "then")
    for then, names in groupby(report.missing, key=lambda missing: missing.without):
        group = list(names)
        style = _STYLES["error"] if group[0].required else None
        table.add_row(", ".join(one.name for one in group), then, style=style)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for heading in headings:
        numbers = heading in ("rows", "width")
        table.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    return table


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
