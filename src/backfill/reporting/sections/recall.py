"""What an approximate search misses."""

from __future__ import annotations

import pandas as pd

from backfill.reporting.section import Section, Table
from backfill.reporting.sections import section
from backfill.reporting.study import Study
from backfill.reporting.text import percent


@section(40)
def recall(study: Study) -> Section | None:
    """The recall of every method's search; None if all searches were exact."""
    rows = []
    for name, panel in study.panels.items():
        for label, result in panel.results.items():
            found = result.recall
            if found is not None:
                shares = {"at 0%": found[0], "lowest": found.min(), "at 100%": found[-1]}
                where = {"panel": name} if study.several else {}
                rows.append(where | {"method": label} | {k: percent(v) for k, v in shares.items()})
    if not rows:
        return None
    return Section(
        id="recall",
        title="What the approximate search finds",
        caption=(
            "These curves come from indexes that are searched approximately. Recall is the share "
            "of the exact nearest items that such a search finds, over some of the queries. "
            "curves.csv has it at every fraction."
        ),
        tables=[Table("Recall", pd.DataFrame(rows))],
    )
