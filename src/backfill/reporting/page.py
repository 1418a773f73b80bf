"""The report as one HTML file that needs nothing else: no network, no fonts, no scripts."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backfill.reporting.distances_figure import shown_distances
from backfill.reporting.extra import Extra
from backfill.reporting.measures import Measure, measures, per_seed
from backfill.reporting.study import PanelResults, StudyResults, pure_references
from backfill.reporting.style import svg
from backfill.reporting.table import columns, note
from backfill.reporting.wording import listed

_HERE = Path(__file__).parent
_CAPTIONS = {
    "map": "Mean average precision of the merged ranking: how well all positives are ranked.",
    "cmc": "Share of queries with a positive among the nearest {k}.",
    "nfr": "Negative flips: of the queries that the old system gets right in its top {k}, the "
    "share that is wrong now. What users notice as a regression.",
}


class Plot(NamedTuple):
    """A figure on the page: `source` is a data URI, `alt` says in words what it shows."""

    id: str
    title: str
    caption: str
    alt: str
    source: str


class PanelView(NamedTuple):
    """A panel on the page: its sentences, and the rows of its table."""

    id: str
    name: str
    old: str
    new: str
    headline: str
    findings: list[str]
    rows: list[list[str]]


class Section(NamedTuple):
    """An extra on the page: its figure, if it has one, as a data URI, and its tables as text."""

    id: str
    title: str
    caption: str
    sentences: Sequence[str]
    source: str | None
    alt: str
    tables: list[tuple[str, list[str], list[list[str]]]]


@dataclass(frozen=True)
class Page:
    """All that the page shows.

    findings: by panel. frame: as in table.csv. figures: SVG by name, a measure's key or
    `distances`. parameters: shown as given.
    """

    dataset: str
    study: StudyResults
    findings: Mapping[str, Sequence[str]]
    frame: pd.DataFrame
    figures: Mapping[str, bytes]
    extras: Sequence[Extra]
    costs: Extra | None
    parameters: Mapping[str, Any]
    resamples: int
    level: float

    def html(self) -> str:
        """The page, the same text for the same content."""
        environment = Environment(
            loader=FileSystemLoader(_HERE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        panels = self.study.panels
        first = next(iter(panels.values()))
        reference = first.results[first.old]
        results = [result for panel in panels.values() for result in panel.results.values()]
        # A table stands under its panel's heading, which says the panel's name.
        shown = columns(self.frame.drop(columns="panel", errors="ignore"))
        return environment.get_template("page.html.jinja").render(
            page=self,
            css=(_HERE / "page.css").read_text(encoding="utf-8"),
            queries=len(reference.curves[0].average_precision),
            seeds=max(len(result.curves) for result in results),
            columns=shown,
            note=note(self.frame),
            panels=[
                self._panel(place, name, [[c.cell(row) for c in shown] for row in self._rows(name)])
                for place, name in enumerate(panels)
            ],
            references=listed(list(pure_references(panels))[::-1] or ["none"]),
            plots=[self._plot(measure) for measure in measures(reference)],
            sections=[_section(extra) for extra in self.extras],
            costs=None if self.costs is None else _section(self.costs),
            distances=_data_uri(self.figures["distances"]),
            distances_of=(len(shown_distances(panels)), len(results)),
            systems=self._systems(),
            parameters=yaml.safe_dump(
                dict(self.parameters), sort_keys=False, allow_unicode=True, width=88
            ),
        )

    def _rows(self, panel: str) -> list[dict[str, Any]]:
        frame = self.frame
        rows: list[dict[str, Any]] = (
            frame[frame["panel"] == panel] if "panel" in frame else frame
        ).to_dict("records")
        return rows

    def _panel(self, place: int, name: str, rows: list[list[str]]) -> PanelView:
        panel = self.study.panels[name]
        headline, *more = self.findings[name]
        # Numbered: a panel may have the name of another part of the page.
        return PanelView(f"panel-{place}", name, panel.old, panel.new, headline, more, rows)

    def _plot(self, measure: Measure) -> Plot:
        panels = self.study.panels
        means = " ".join(_in_words(panel, measure, name) for name, panel in panels.items())
        count = sum(len(panel.results) for panel in panels.values())
        where = f" in {len(panels)} panels" if self.study.several else ""
        alt = (
            f"Line chart of {measure.label} against the share of the gallery backfilled, "
            f"{count} methods{where}. {means if self.study.several else means.partition(': ')[2]}"
        )
        source = _data_uri(self.figures[measure.key])
        caption = _CAPTIONS[measure.kind].format(k=measure.k)
        return Plot(measure.key, measure.label, caption, alt, source)

    def _systems(self) -> list[list[str]]:
        """Per method: its panel and name, the pairs before and after, its order.

        Empty if not in `parameters`.
        """
        described = self.parameters.get("methods") or {}
        return [
            [
                f"{name}: {label}" if self.study.several else label,
                *(f"{pair['query']} → {pair['gallery']}" for pair in (row["before"], row["after"])),
                row["order"],
            ]
            for name, panel in self.study.panels.items()
            for label in panel.results
            if (row := described.get(panel.names[label]))
        ]


def _in_words(panel: PanelResults, measure: Measure, name: str) -> str:
    """Which of a panel's curves is highest and which lowest."""
    area = {
        label: per_seed(result, measure, panel.results[panel.old]).mean()
        for label, result in panel.results.items()
    }
    low, high = min(area, key=area.__getitem__), max(area, key=area.__getitem__)
    return (
        f"{name}: On average over the backfill {high} is highest with "
        f"{100 * area[high]:.1f} % and {low} is lowest with {100 * area[low]:.1f} %."
    )


def _section(extra: Extra) -> Section:
    tables = [
        (caption, [str(heading) for heading in table], table.to_numpy().tolist())
        for caption, table in extra.tables
    ]
    source = None if extra.figure is None else _data_uri(svg(extra.figure))
    return Section(extra.id, extra.title, extra.caption, extra.sentences, source, extra.alt, tables)


def _data_uri(drawing: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(drawing).decode()}"
