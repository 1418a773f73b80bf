"""The curves of every measure along the backfill."""

from __future__ import annotations

from backfill.reporting.figures.curves import curve_figure
from backfill.reporting.measures import Measure
from backfill.reporting.section import Chart, Section
from backfill.reporting.sections import section
from backfill.reporting.study import Study
from backfill.reporting.text import listed, percent

_MEANINGS = {
    "map": "Mean average precision of the merged ranking: how well all positives are ranked.",
    "cmc": "Share of the queries with a positive among their {k} nearest items.",
    "nfr": (
        "Negative flips: of the queries that the old system gets right in its top {k}, the share "
        "that is wrong now. Users notice these as regressions."
    ),
}


@section(50)
def curves(study: Study) -> Section:
    """A figure for each measure."""
    order = (
        "A method is drawn in the same style in every panel."
        if study.several
        else "The legend lists the methods from best to worst on average over the backfill."
    )
    bands = f"Bands reach from the lowest to the highest of {study.runs} runs."
    grey = f"Grey: the references, {listed(list(study.references)[::-1] or ['none'])}."
    return Section(
        id="curves",
        title="During the backfill",
        caption=" ".join([order, *([bands] if study.runs > 1 else []), grey]),
        charts=[
            Chart(
                measure.key,
                curve_figure(study, measure),
                _alt(study, measure),
                _MEANINGS[measure.kind].format(k=measure.k),
            )
            for measure in study.measures
        ],
    )


def _alt(study: Study, measure: Measure) -> str:
    count = sum(len(panel.results) for panel in study.panels.values())
    where = f" in {len(study.panels)} panels" if study.several else ""
    means = " ".join(_ends(study, name, measure) for name in study.panels)
    return (
        f"Line chart of {measure.label} against the share of the gallery backfilled, "
        f"{count} methods{where}. {means}"
    )


def _ends(study: Study, panel: str, measure: Measure) -> str:
    """Which of a panel's curves is highest and which lowest."""
    area = {label: study.area(panel, label, measure) for label in study.panels[panel].results}
    low, high = min(area, key=area.__getitem__), max(area, key=area.__getitem__)
    return (
        f"On average over the backfill, {high} is highest{study.where(panel)} with "
        f"{percent(area[high])} and {low} is lowest with {percent(area[low])}."
    )
