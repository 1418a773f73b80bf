"""A section of a report: what the page shows, and the files that hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.figure import Figure

from backfill.reporting import style
from backfill.reporting.escaped import cell, markdown
from backfill.reporting.spreadsheets import csv


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure of a section.

    Attributes:
        name: of its file, <name>.png.
        figure: what is drawn.
        alt: what it shows, in words.
        caption: how to read it.
    """

    name: str
    figure: Figure
    alt: str
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A table for readers.

    Attributes:
        title: what it is about.
        cells: text under headings; the first column names the row.
        note: what else to say about it.
        references: rows, by their first cell, that are set off from the others.
        folded: whether the page shows it only on request.
        anchor: its id on the page, if something links to it.
    """

    title: str
    cells: pd.DataFrame
    note: str = ""
    references: Sequence[str] = ()
    folded: bool = False
    anchor: str = ""

    @property
    def headings(self) -> list[str]:
        """One heading per column."""
        return [str(heading) for heading in self.cells]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of each row."""
        rows: list[list[str]] = self.cells.to_numpy().tolist()
        return rows


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a report.

    Attributes:
        id: its name in files and links.
        title: its heading.
        caption: what it is about.
        sentences: what it finds.
        charts: its figures.
        tables: its tables.
        terms: what the headings of its tables mean.
        data: the numbers behind it, if no other file has them.
    """

    id: str
    title: str
    caption: str = ""
    sentences: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    terms: Mapping[str, str] = field(default_factory=dict)
    data: pd.DataFrame | None = None

    def files(self) -> dict[str, bytes]:
        """Its files by name: <chart>.png, <id>.csv and <id>.md, as far as it has any."""
        found = {f"{chart.name}.png": style.png(chart.figure) for chart in self.charts}
        if self.data is not None:
            found[f"{self.id}.csv"] = csv(self.data)
        if self.tables:
            found[f"{self.id}.md"] = self.markdown().encode()
        return found

    def markdown(self) -> str:
        """Everything but its figures, in GitHub's Markdown."""
        parts = [f"# {markdown(self.title)}", markdown(self.caption), bullets(self.sentences)]
        for table in self.tables:
            text = table.cells.rename(columns=cell).map(lambda value: cell(str(value)))
            cells = text.to_markdown(index=False, disable_numparse=True)
            # A section's only table may share its title.
            heading = "" if table.title == self.title else f"**{cell(table.title)}**"
            parts += [heading, markdown(table.note), cells]
        parts.append(bullets([f"{term}: {meaning}" for term, meaning in self.terms.items()]))
        return "\n\n".join(part for part in parts if part) + "\n"


def bullets(sentences: Sequence[str]) -> str:
    """A list in Markdown, of sentences in plain text."""
    return "\n".join(f"- {markdown(sentence)}" for sentence in sentences)
