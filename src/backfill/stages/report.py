"""Stage `report`: everything that people read, from the results of a study's methods."""

from __future__ import annotations

import pandas as pd

from backfill.artifacts import Layout, load_array, load_object
from backfill.params import Params
from backfill.reporting.report import write_report
from backfill.reporting.study import PanelResults, StudyResults
from backfill.results import GROUPS, MethodResult
from backfill.stages.command import Done, run


def report(params: Params, layout: Layout, study: str) -> Done:
    """Write metrics, tables, figures and the page of one study to reports/<dataset>/<study>/."""
    found = results(params, layout, study)
    write_report(
        found,
        layout.report(study),
        costs=costs(params, layout, study),
        dataset=params.dataset.name,
        # Where the work ran changes no result.
        parameters=params.model_dump(mode="json", exclude_none=True, exclude={"compute"}),
        seed=params.report.seed,
        resamples=params.report.bootstrap_resamples,
        level=params.report.confidence,
    )
    return Done(sum(len(panel.results) for panel in found.panels.values()), "methods")


def costs(params: Params, layout: Layout, study: str) -> pd.DataFrame:
    """What each stage before the report cost when it was last run, as far as that was kept.

    These files are no dependency in dvc.yaml: that a stage took longer is no reason to report anew.
    """
    kept = []
    for stage, *row in params.stages_of(study):
        path = layout.cost(stage, *row)
        if path.exists():
            cost = load_object(path, "what a stage cost")
            kept.append({"stage": stage, "row": "".join(row), **cost})
    return pd.DataFrame(kept)


def results(params: Params, layout: Layout, study: str) -> StudyResults:
    """What `evaluate` left of a study's methods, sorted into its panels."""
    chosen = params.studies[study]
    panels = {}
    for name, references in chosen.panels.items():
        rows = {row: m.shown_as(row) for row, m in params.in_panel(study, name).items()}
        panels[name] = PanelResults(
            results={
                label: MethodResult.load(layout.evaluation(study, row))
                for row, label in rows.items()
            },
            names={label: row for row, label in rows.items()},
            old=rows[references.old],
            new=rows[references.new],
        )
    # Every method has the same queries, and so the same groups.
    any_method = next(iter(chosen.panels.values())).old
    return StudyResults(
        study,
        panels,
        figure=chosen.figure,
        compare=chosen.compare,
        groups=load_array(layout.evaluation(study, any_method) / GROUPS)
        if chosen.figure == "subgroups"
        else None,
        minority=chosen.minority,
    )


if __name__ == "__main__":
    run(report, "study")
