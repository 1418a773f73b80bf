"""What only some studies show: a section of the page, and files in the report's folder extra/."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from backfill.reporting import style


@dataclass(frozen=True, eq=False)
class Extra:
    """A section of a report.

    id: its name in files and links. title, caption, alt: of the section, and of its figure.
    sentences: what it finds. tables: for readers, text under headings, each with a caption.
    data: the numbers behind it, if they are not in curves.csv.
    """

    id: str
    title: str
    caption: str
    sentences: Sequence[str] = ()
    tables: Sequence[tuple[str, pd.DataFrame]] = ()
    data: pd.DataFrame | None = None
    figure: Figure | None = None
    alt: str = ""

    def files(self) -> dict[str, str | bytes]:
        """Its files by name: <id>.csv, <id>.md and <id>.png, as far as there is something in it."""
        found: dict[str, str | bytes] = {}
        if self.data is not None:
            found[f"{self.id}.csv"] = self.data.to_csv(index=False)
        if self.tables:
            found[f"{self.id}.md"] = self._markdown()
        if self.figure is not None:
            found[f"{self.id}.png"] = style.png(self.figure)
        return found

    def _markdown(self) -> str:
        parts = [f"# {self.title}", self.caption]
        for caption, table in self.tables:
            parts += [f"**{caption}**", table.to_markdown(index=False, disable_numparse=True)]
        parts += ["\n".join(f"- {sentence}" for sentence in self.sentences)]
        return "\n\n".join(part for part in parts if part) + "\n"
