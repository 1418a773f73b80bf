"""Which vectors each method compares."""

from __future__ import annotations

import pandas as pd

from backfill.reporting.panel import Pairs
from backfill.reporting.section import Section, Table
from backfill.reporting.sections import section
from backfill.reporting.study import Study


@section(70)
def pairs(study: Study) -> Section | None:
    """The pairs of every method, and its order; None if the study does not know them."""
    rows = [
        {
            "method": f"{name}: {label}" if study.several else label,
            **_shown(panel.pairs[label]),
        }
        for name, panel in study.panels.items()
        for label in panel.results
        if label in panel.pairs
    ]
    if not rows:
        return None
    if all(row["merge"] == "distance" for row in rows):
        rows = [{key: text for key, text in row.items() if key != "merge"} for row in rows]
    return Section(
        id="pairs",
        title="Methods",
        caption="What each method compares: query → gallery.",
        tables=[Table("Before and after an item is backfilled", pd.DataFrame(rows), folded=True)],
    )


def _shown(pairs: Pairs) -> dict[str, str]:
    """The columns of a method, in words."""
    merge = pairs.merge
    if pairs.background is not None:
        merge += f", against up to {pairs.background:,} backfilled items"
    return {"before": pairs.before, "after": pairs.after, "order": pairs.order, "merge": merge}
