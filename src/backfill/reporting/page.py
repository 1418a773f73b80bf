"""The report as one HTML file that needs nothing else: no network, no fonts, no scripts."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backfill.reporting.findings import findings
from backfill.reporting.measures import Measure, measures, per_seed
from backfill.reporting.results import MethodResult
from backfill.reporting.table import columns, note

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


@dataclass(frozen=True)
class Page:
    """All that the page shows.

    metrics and frame: as in metrics.json and table.csv. figures: SVG by name, a measure's key or
    `distances`. results: for the figures' texts. parameters: shown as given.
    """

    dataset: str
    metrics: Mapping[str, Mapping[str, Any]]
    frame: pd.DataFrame
    figures: Mapping[str, bytes]
    results: Mapping[str, MethodResult]
    parameters: Mapping[str, Any]
    old: str
    new: str
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
        reference = self.results[self.old].curves[0]
        headline, *more = findings(self.metrics, old=self.old, new=self.new, level=self.level)
        shown = columns(self.frame)
        return environment.get_template("page.html.jinja").render(
            page=self,
            css=(_HERE / "page.css").read_text(encoding="utf-8"),
            headline=headline,
            findings=more,
            queries=len(reference.average_precision),
            seeds=max(len(result.curves) for result in self.results.values()),
            columns=shown,
            note=note(self.frame),
            rows=[[c.cell(row) for c in shown] for row in self.frame.to_dict("records")],
            plots=[self._plot(measure) for measure in measures(self.results[self.old])],
            distances=_data_uri(self.figures["distances"]),
            systems=self._systems(),
            parameters=yaml.safe_dump(
                dict(self.parameters), sort_keys=False, allow_unicode=True, width=88
            ),
        )

    def _plot(self, measure: Measure) -> Plot:
        kind, _, k = measure.key.partition("_")
        area = {
            name: per_seed(result, measure, self.results[self.old]).mean()
            for name, result in self.results.items()
        }
        low, high = min(area, key=area.__getitem__), max(area, key=area.__getitem__)
        alt = (
            f"Line chart of {measure.label} against the share of the gallery backfilled, "
            f"{len(area)} methods. On average over the backfill {high} is highest with "
            f"{100 * area[high]:.1f} % and {low} is lowest with {100 * area[low]:.1f} %."
        )
        source = _data_uri(self.figures[measure.key])
        return Plot(measure.key, measure.label, _CAPTIONS[kind].format(k=k), alt, source)

    def _systems(self) -> list[tuple[str, str, str, str]]:
        """Per method: the pair before, the pair after, the order; empty if not in `parameters`."""
        described = self.parameters.get("methods") or {}
        return [
            (
                name,
                *(f"{pair['query']} → {pair['gallery']}" for pair in (row["before"], row["after"])),
                row["order"],
            )
            for name in self.results
            if (row := described.get(name))
        ]


def _data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
