"""One dataset's report: every file that people, DVC or a README read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.reporting import style, table
from backfill.reporting.figures import curve_figure, distance_figure
from backfill.reporting.measures import measures
from backfill.reporting.metrics import method_metrics
from backfill.reporting.page import Page
from backfill.reporting.plots_data import curves_frame
from backfill.reporting.results import MethodResult


def write_report(
    results: Mapping[str, MethodResult],
    folder: Path,
    *,
    dataset: str,
    parameters: Mapping[str, Any],
    seed: int,
    resamples: int,
    level: float,
    old: str = "old",
    new: str = "new",
) -> None:
    """Write metrics.json, table.md, table.csv, curves.csv, one PNG a figure, and index.html.

    results: the methods by name, in the order in which tables list them.
    dataset: its name; the paper's numbers stand beside ours where the paper has it.
    parameters: shown on the page as given.
    seed, resamples, level: of the bootstrap intervals.
    old, new: names of the reference methods, the floor and the goal of Gain.

    The same results give the same bytes. Each file is replaced as a whole. Figures are PNG where
    a README or `dvc plots` shows them, and SVG, sharp at any zoom, inside the page.

    Raises:
        InputError: a reference is missing, or methods differ in queries, fractions or top-k.
    """
    _check(results, old, new)
    metrics = {
        name: method_metrics(
            result, results[old], results[new], seed=seed, resamples=resamples, level=level
        )
        for name, result in results.items()
    }
    frame = table.summary(metrics, dataset)
    figures = {
        measure.key: curve_figure(results, measure, dataset=dataset, old=old, new=new)
        for measure in measures(results[old])
    }
    figures["distances"] = distance_figure(results, dataset=dataset)
    page = Page(
        dataset=dataset,
        metrics=metrics,
        frame=frame,
        figures={name: style.svg(figure) for name, figure in figures.items()},
        results=results,
        parameters=parameters,
        old=old,
        new=new,
        resamples=resamples,
        level=level,
    )

    files: dict[str, str | bytes] = {
        "metrics.json": f"{json.dumps(metrics, indent=2, allow_nan=False)}\n",
        "table.md": table.markdown(frame),
        "table.csv": table.csv(frame),
        "curves.csv": table.csv(curves_frame(results, old)),
        **{f"{name}.png": style.png(figure) for name, figure in figures.items()},
        "index.html": page.html(),
    }
    # Only now, when all of it is made: a report is never part old, part new.
    for name, content in files.items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def _check(results: Mapping[str, MethodResult], old: str, new: str) -> None:
    """Gain and the pairing of queries make sense only between methods measured alike."""
    missing = [name for name in (old, new) if name not in results]
    if missing:
        raise InputError(
            f"report: no results of {' and '.join(missing)}, found {', '.join(results) or 'none'}"
        )
    expected = results[old].curves[0]
    for name, result in results.items():
        for curve in result.curves:
            if curve.average_precision.shape[0] != expected.average_precision.shape[0]:
                what = "number of queries"
            elif not np.array_equal(curve.fraction, expected.fraction):
                what = "backfill fractions"
            elif set(curve.hits) != set(expected.hits):
                what = "top-k"
            else:
                continue
            raise InputError(f"report: {name} and {old} differ in {what}; evaluate both anew")
    if 1 not in expected.hits:
        raise InputError(f"report: needs hits in the top 1, found top {sorted(expected.hits)}")
