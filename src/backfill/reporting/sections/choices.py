"""Which settings were chosen by measuring, on what, and out of how many."""

from __future__ import annotations

import pandas as pd

from backfill.reporting.section import Section, Table
from backfill.reporting.sections import section
from backfill.reporting.study import Study
from backfill.reporting.text import listed


@section(80)
def choices(study: Study) -> Section | None:
    """A row for each setting; None if none was chosen so."""
    if not study.choices:
        return None
    rows = [
        {
            "setting": choice.setting,
            "value": str(choice.value),
            "among": ", ".join(map(str, choice.among)),
            "on": choice.data,
            "by": choice.measure,
        }
        for choice in study.choices
    ]
    return Section(
        id="choices",
        title="Settings that were chosen",
        caption=chosen(study),
        tables=[Table("Settings that were chosen", pd.DataFrame(rows), folded=True)],
    )


def chosen(study: Study) -> str:
    """A sentence on how many settings were chosen, on what, out of how many; empty if none was."""
    if not study.choices:
        return ""
    count, tried = len(study.choices), sum(len(choice.among) for choice in study.choices)
    data = listed(list(dict.fromkeys(choice.data for choice in study.choices)))
    settings = "1 setting was" if count == 1 else f"{count} settings were"
    here = "some of them on" if study.dataset in {c.data for c in study.choices} else "none on"
    return f"{settings} chosen among {tried} values, on {data}; {here} the queries shown here."
