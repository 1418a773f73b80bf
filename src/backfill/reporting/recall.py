"""What an approximate search misses, next to the curves that it gives."""

import pandas as pd

from backfill.reporting.extra import Extra
from backfill.reporting.study import StudyResults
from backfill.reporting.wording import percent


def recall(study: StudyResults) -> Extra | None:
    """The recall of every method's search; None where all searches were exact."""
    rows = []
    for name, panel in study.panels.items():
        for label, result in panel.results.items():
            found = result.recall
            if found is not None:
                shares = {"at 0 %": found[0], "at its least": found.min(), "at 100 %": found[-1]}
                place = {"panel": name} if study.several else {}
                rows.append(place | {"method": label} | {k: percent(v) for k, v in shares.items()})
    if not rows:
        return None
    return Extra(
        id="recall",
        title="What the approximate search finds",
        caption=(
            "Curves here are of indexes that are searched approximately. Recall is the share of "
            "the exact nearest items that they find, over some of the queries, along the backfill; "
            "curves.csv has it at every fraction."
        ),
        tables=[("Recall", pd.DataFrame(rows))],
    )
