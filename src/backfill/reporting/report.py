"""One study's report: every file that people, DVC or a README read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backfill.artifacts import replacing
from backfill.reporting.escaped import markdown
from backfill.reporting.findings import findings
from backfill.reporting.page.page import page
from backfill.reporting.section import Section, bullets
from backfill.reporting.sections import sections
from backfill.reporting.spreadsheets import csv
from backfill.reporting.study import Study
from backfill.reporting.tables.curves import curves

# Files of sections that stand beside the page rather than in its folder: a README shows them.
_BESIDE = ("map.png", "table.md", "table.csv")


def write_report(study: Study, folder: Path, *, parameters: Mapping[str, Any]) -> None:
    """Write table.md, table.csv, metrics.json, map.png, curves.csv and the folder page/.

    The page is page/index.html; beside it are findings.md, and the figures (PNG), tables (Markdown)
    and numbers (CSV) of every section. Figures are PNG as files and SVG, sharp at
    any zoom, inside the page. The same results give the same bytes. Each file, and the page's
    folder as a whole, is replaced at once.

    Args:
        study: what is reported.
        folder: where it goes.
        parameters: shown on the page as given.

    Raises:
        InputError: the study's figure does not exist, or needs something that its results lack.
    """
    shown = sections(study)
    inside = {name: data for section in shown for name, data in section.files().items()}
    beside = {name: inside.pop(name) for name in _BESIDE}
    beside["metrics.json"] = f"{json.dumps(metrics(study), indent=2, allow_nan=False)}\n".encode()
    beside["curves.csv"] = csv(curves(study))
    inside["findings.md"] = sentences(study, shown).encode()
    inside["index.html"] = page(study, shown, parameters).encode()
    # Only now, when all of it is made, so that a mistake leaves the old report as it is.
    for name, data in beside.items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(data)
    with replacing(folder / "page") as temporary:
        temporary.mkdir()
        for name, data in inside.items():
            (temporary / name).write_bytes(data)


def metrics(study: Study) -> dict[str, Any]:
    """What metrics.json holds: Table 1's numbers of every method, by panel if there are several.

    The references have no Gain, which is always 0 or 1, and one that panels share stands once: each
    number is a column of `dvc exp show`.
    """
    by_panel: dict[str, dict[str, Any]] = {}
    shown: set[str] = set()
    for name, rows in study.numbers.items():
        panel = study.panels[name]
        by_panel[name] = {}
        for label, found in rows.items():
            method, numbers = panel.names[label], found.headline()
            if label in panel.references:
                if method in shown:
                    continue
                shown.add(method)
                del numbers["gain"]
            by_panel[name][method] = numbers
    return by_panel if study.several else next(iter(by_panel.values()))


def sentences(study: Study, shown: Sequence[Section]) -> str:
    """All sentences of the report in Markdown, under the panel or the section they belong to."""
    notes = [markdown(" ".join(study.notes))] if study.notes else []
    parts = [f"# {markdown(study.title)}", *notes]
    for panel in study.panels:
        heading = markdown(panel) if study.several else "Methods"
        parts += [f"## {heading}", bullets(findings(study, panel))]
    for section in shown:
        if section.sentences:
            parts += [f"## {markdown(section.title)}", bullets(section.sentences)]
    return "\n\n".join(parts) + "\n"
