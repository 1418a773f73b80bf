"""One study's report: every file that people, DVC or a README read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from backfill.artifacts import replacing
from backfill.reporting import style, table
from backfill.reporting.ablations import ablations
from backfill.reporting.comparison import comparison
from backfill.reporting.costs import costs as costs_of
from backfill.reporting.distances_figure import distance_figure, shown_distances
from backfill.reporting.extra import Extra
from backfill.reporting.figures import curve_figure
from backfill.reporting.findings import findings
from backfill.reporting.measures import measures
from backfill.reporting.metrics import Metrics, Sampling, method_metrics
from backfill.reporting.page import Page
from backfill.reporting.plots_data import curves_frame
from backfill.reporting.recall import recall
from backfill.reporting.sequential import sequential
from backfill.reporting.study import StudyResults
from backfill.reporting.subgroups import subgroups
from backfill.reporting.winners import winners

# Panel -> label -> its numbers.
PanelMetrics = dict[str, dict[str, Metrics]]


def write_report(
    study: StudyResults,
    folder: Path,
    *,
    dataset: str,
    parameters: Mapping[str, Any],
    seed: int,
    resamples: int,
    level: float,
    costs: pd.DataFrame | None = None,
) -> None:
    """Write metrics.json, table.md, table.csv, curves.csv, one PNG a figure, extra/ and index.html.

    dataset: its name; the paper's numbers stand beside ours where the paper has it.
    parameters: shown on the page as given.
    seed, resamples, level: of the bootstrap intervals.
    costs: of the runs of the stages before, see :func:`backfill.reporting.costs.costs`.

    extra/ holds what depends on the study: findings.md always, and more where there is more to
    show. The same results give the same bytes. Each file is replaced as a whole. Figures are PNG
    where a README or `dvc plots` shows them, and SVG, sharp at any zoom, inside the page.

    Raises:
        InputError: the study's figure needs something that its results do not have.
    """
    sampling = Sampling(seed=seed, resamples=resamples, level=level)
    title = f"{dataset}, {study.name}"
    metrics: PanelMetrics = {
        name: {
            label: method_metrics(
                result, panel.results[panel.old], panel.results[panel.new], **sampling
            )
            for label, result in panel.results.items()
        }
        for name, panel in study.panels.items()
    }
    found = {
        name: findings(metrics[name], old=panel.old, new=panel.new, level=level)
        for name, panel in study.panels.items()
    }
    extras = _extras(study, metrics, title, sampling)
    taken = None if costs is None else costs_of(costs)
    by_name = _by_name(study, metrics)
    labels = {
        name: {row: label for label, row in panel.names.items()}
        for name, panel in study.panels.items()
    }
    frame = table.summary(by_name, dataset, labels)
    # A single panel needs no level of its own in the file.
    numbers = by_name if study.several else next(iter(by_name.values()))
    first = next(iter(study.panels.values()))
    figures = {
        measure.key: curve_figure(study.panels, measure, title=title)
        for measure in measures(first.results[first.old])
    }
    figures["distances"] = distance_figure(shown_distances(study.panels), title=title)
    page = Page(
        dataset=dataset,
        study=study,
        findings=found,
        frame=frame,
        figures={name: style.svg(figure) for name, figure in figures.items()},
        extras=extras,
        costs=taken,
        parameters=parameters,
        resamples=resamples,
        level=level,
    )

    files: dict[str, str | bytes] = {
        "metrics.json": f"{json.dumps(numbers, indent=2, allow_nan=False)}\n",
        "table.md": table.markdown(frame),
        "table.csv": table.csv(frame),
        "curves.csv": table.csv(curves_frame(study)),
        **{f"{name}.png": style.png(figure) for name, figure in figures.items()},
        "index.html": page.html(),
    }
    aside: dict[str, str | bytes] = {"findings.md": _sentences(title, found, extras)}
    for extra in (*extras, *([taken] if taken else [])):
        aside |= extra.files()
    # Only now, when all of it is made: a report is never part old, part new.
    for name, content in files.items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(_bytes(content))
    with replacing(folder / "extra") as temporary:
        temporary.mkdir()
        for name, content in aside.items():
            (temporary / name).write_bytes(_bytes(content))


def _extras(
    study: StudyResults, metrics: PanelMetrics, title: str, sampling: Sampling
) -> list[Extra]:
    """What this study shows besides, its own figure first."""
    own: Extra | None = None
    if study.figure == "sequential":
        own = sequential(study, title=title)
    elif study.figure == "subgroups":
        own = subgroups(study, title=title)
    elif study.figure == "ablations":
        own = ablations(study, metrics, title=title, **sampling)
    found = (own, comparison(study, **sampling), winners(study, title=title), recall(study))
    return [extra for extra in found if extra is not None]


def _by_name(study: StudyResults, metrics: PanelMetrics) -> PanelMetrics:
    """By panel and row of params.yaml, which files go by, rather than label."""
    return {
        name: {panel.names[label]: metrics[name][label] for label in panel.results}
        for name, panel in study.panels.items()
    }


def _sentences(title: str, found: Mapping[str, list[str]], extras: list[Extra]) -> str:
    """All sentences of the report in Markdown, under the panel or the section they belong to."""
    sections = list(found.items()) if len(found) > 1 else [("Methods", *found.values())]
    sections += [(extra.title, list(extra.sentences)) for extra in extras if extra.sentences]
    parts = [f"# {title}"]
    for heading, sentences in sections:
        parts += [f"## {heading}", "\n".join(f"- {sentence}" for sentence in sentences)]
    return "\n\n".join(parts) + "\n"


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
