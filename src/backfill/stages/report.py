"""Stage `report`: everything that people read, from the results of all methods."""

from __future__ import annotations

from backfill.artifacts import Layout
from backfill.params import Params
from backfill.reporting.report import write_report
from backfill.reporting.results import MethodResult
from backfill.stages.command import run


def report(params: Params, layout: Layout, study: str) -> None:
    """Write metrics, tables, figures and the page of one study to reports/<dataset>/<study>/."""
    methods = {name: row for name, row in params.methods.items() if row.study == study}
    write_report(
        {name: MethodResult.load(layout.evaluation(study, name)) for name in methods},
        layout.report(study),
        dataset=params.dataset.name,
        parameters=params.model_dump(mode="json", exclude_none=True),
        seed=params.report.seed,
        resamples=params.report.bootstrap_resamples,
        level=params.report.confidence,
    )


if __name__ == "__main__":
    run(report, "study")
