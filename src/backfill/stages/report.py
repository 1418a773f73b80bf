"""Stage `report`: everything that people read, from the results of a study's methods."""

from __future__ import annotations

import numpy as np

from backfill.arrays import Array
from backfill.artifacts import Layout, load_array, load_object
from backfill.errors import InputError
from backfill.params.base import SystemSets
from backfill.pipeline.plans import ReportPlan
from backfill.reporting.panel import Pairs, PanelResults
from backfill.reporting.report import write_report
from backfill.reporting.sampling import Sampling
from backfill.reporting.study import Choice, Study
from backfill.results import MethodResult
from backfill.stages.command import Done, run


def report(plan: ReportPlan, layout: Layout, name: str) -> Done:
    """Write the table, metrics, figures and page of one study.

    Args:
        plan: the stage's settings.
        layout: of the workspace.
        name: of the study.

    Raises:
        InputError: results are missing, damaged, or were measured in different ways.
    """
    panels = {
        panel: PanelResults(
            results={
                label: MethodResult.of_draws(
                    [
                        MethodResult.load(layout.of_draw(draw).evaluation(method))
                        for draw in range(chosen.draws[label])
                    ]
                )
                for label, method in chosen.methods.items()
            },
            names=chosen.methods,
            bounds=frozenset(chosen.bounds),
            old=chosen.old,
            new=chosen.new,
            pairs={
                label: Pairs(
                    _arrow(row.before),
                    _arrow(row.after),
                    row.order,
                    row.merge.kind,
                    getattr(row.merge, "background", None),
                )
                for label, row in chosen.upgrades.items()
            },
        )
        for panel, chosen in plan.panels.items()
    }
    names = load_object(layout.names, "the names of all groups")
    study = Study(
        dataset=plan.dataset,
        name=name,
        panels=panels,
        sampling=Sampling(
            seed=plan.report.seed,
            resamples=plan.report.bootstrap_resamples,
            level=plan.report.confidence,
        ),
        figure=plan.figure,
        compare=plan.compare,
        groups=query_groups(layout),
        minority=plan.minority,
        choices=[Choice(**choice.model_dump()) for choice in plan.choices],
        question=plan.question.replace("`", ""),
        notes=names.get("notes", ()),
        reads=all(row["loss"] == "none" for row in plan.settings["encoders"].values()),
    )
    write_report(study, layout.report(name), parameters=plan.settings)
    return Done(sum(len(panel.results) for panel in panels.values()), "methods")


def _arrow(system: SystemSets) -> str:
    return f"{system.query} → {system.gallery}"


def query_groups(layout: Layout) -> Array:
    """(Q,) the name of each query's group.

    Raises:
        InputError: the names of the dataset's groups are missing, or too few.
    """
    groups = load_array(layout.groups("query"))
    names = load_object(layout.names, "the names of all groups")
    try:
        return np.asarray(np.array(names["groups"], dtype=np.str_)[groups])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"{layout.names}: expected the names of all groups ({error!r})") from error


if __name__ == "__main__":
    run(report)
