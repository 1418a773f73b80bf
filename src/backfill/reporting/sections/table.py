"""All methods in numbers; its files are table.csv and table.md."""

from __future__ import annotations

import pandas as pd

from backfill.reporting.findings import findings
from backfill.reporting.section import Section, Table
from backfill.reporting.sections import section
from backfill.reporting.sections.choices import chosen
from backfill.reporting.study import Study
from backfill.reporting.tables.methods import columns, methods, note, readable


@section(45)
def table(study: Study) -> Section:
    """A table of every panel, with what its numbers say."""
    frame = methods(study)
    title = "All panels" if study.several else "All methods"
    return Section(
        id="table",
        title=title,
        caption=(
            f"{study.queries} queries of {study.dataset}, {study.trained}, "
            f"{study.sampling.percent} intervals from {study.sampling.resamples} resamples. "
            f"{note(frame)} {chosen(study)}"
        ).strip(),
        tables=[
            Table(
                panel if study.several else title,
                readable(_of(frame, panel)),
                # A page of one panel says so at its top.
                note=" ".join(findings(study, panel)) if study.several else "",
                references=study.panels[panel].references,
                anchor=f"panel-{number}",
            )
            for number, panel in enumerate(study.panels)
        ],
        terms={
            c.heading: c.meaning for c in columns(frame) if c.heading not in ("panel", "method")
        },
        data=frame,
    )


def _of(frame: pd.DataFrame, panel: str) -> pd.DataFrame:
    """The rows of one panel, without the column that says so."""
    if "panel" not in frame:
        return frame
    return frame[frame["panel"] == panel].drop(columns="panel")
