"""Which vectors each method compares."""

from __future__ import annotations

import pandas as pd

from backfill.reporting.section import Section, Table
from backfill.reporting.sections import section
from backfill.reporting.study import Study


@section(70)
def pairs(study: Study) -> Section | None:
    """The pairs of every method, and its order; None if the study does not know them."""
    rows = [
        {
            "method": f"{name}: {label}" if study.several else label,
            **panel.pairs[label]._asdict(),
        }
        for name, panel in study.panels.items()
        for label in panel.results
        if label in panel.pairs
    ]
    if not rows:
        return None
    return Section(
        id="pairs",
        title="Methods",
        caption="What each method compares: query → gallery.",
        tables=[Table("Before and after an item is backfilled", pd.DataFrame(rows), folded=True)],
    )
