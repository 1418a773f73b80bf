"""What a study took to make, and what an approximate search missed, stand in its report."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated import as_panel, at_levels

from backfill.reporting.costs import costs
from backfill.reporting.metrics import method_metrics
from backfill.reporting.plots_data import curves_frame
from backfill.reporting.study import StudyResults
from backfill.results import MethodResult

KEPT = pd.DataFrame(
    {
        "stage": ["split", "train", "train"],
        "row": ["", "old", "new"],
        "wall_s": [4.0, 90.0, 150.0],
        "peak_gib": [0.3, 0.9, 1.25],
        "items_per_s": [1000.0, 640.0, 600.0],
        "items": [4000, 10_000, 20_000],
        "unit": "images",
        "machine": "a machine, 2 CPUs",
    }
)


def test_costs_are_summed_by_stage() -> None:
    extra = costs(KEPT)
    assert extra is not None
    assert extra.tables[0][1].to_dict("records") == [
        {"stage": "split", "runs": "1", "wall time": "4.0 s", "longest": "4.0 s",
         "peak memory": "0.30 GiB", "speed": "1,000 images/s"},
        {"stage": "train", "runs": "2", "wall time": "4.0 min", "longest": "2.5 min new",
         "peak memory": "1.25 GiB", "speed": "620 images/s"},
    ]  # fmt: skip
    assert "4.1 min of processes in all, on a machine, 2 CPUs" in extra.caption
    assert costs(pd.DataFrame()) is None


def test_costs_are_on_the_page_and_beside_it(results, write, tmp_path) -> None:
    write(results, tmp_path / "with", costs=KEPT)
    page = (tmp_path / "with" / "index.html").read_text()
    assert '<a href="#costs">What it cost</a>' in page
    assert "620 images/s" in page
    assert len(pd.read_csv(tmp_path / "with" / "extra" / "costs.csv")) == 3
    write(results, tmp_path / "without", costs=pd.DataFrame())
    assert "What it cost" not in (tmp_path / "without" / "index.html").read_text()
    assert not (tmp_path / "without" / "extra" / "costs.csv").exists()


def approximate(result: MethodResult, *recalls: list[float]) -> MethodResult:
    pairs = zip(result.curves, recalls, strict=True)
    return replace(result, curves=tuple(replace(c, recall=np.array(r)) for c, r in pairs))


def test_recall_stands_next_to_the_curves(write, tmp_path) -> None:
    old, new = at_levels(0.2, 0.2, 0.2), at_levels(0.6, 0.6, 0.6)
    found = approximate(at_levels(0.2, 0.4, 0.6), [1.0, 0.8, 0.9], [0.9, 0.9, 0.7])
    (tmp_path / "stored").mkdir()
    found.save(tmp_path / "stored")
    loaded = MethodResult.load(tmp_path / "stored")
    study = StudyResults("overview", {"all": as_panel({"old": old, "new": new, "rm": loaded})})
    frame = curves_frame(study)
    assert frame[frame["method"] == "rm"]["recall"].tolist() == [0.95, 0.85, 0.8]
    assert frame[frame["method"] == "old"]["recall"].isna().all()
    numbers = method_metrics(loaded, old, new, seed=0, resamples=10, level=0.9)
    assert numbers["recall_min"] == pytest.approx(0.8)
    write(study, tmp_path / "report")
    table = (tmp_path / "report" / "extra" / "recall.md").read_text()
    assert "| rm       | 95.0 %   | 80.0 %         | 80.0 %     |" in table
