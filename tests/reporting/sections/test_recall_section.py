"""What an approximate search missed stands in its report."""

from dataclasses import replace

import numpy as np
import pytest
from simulated import as_panel, as_study, at_levels

from backfill.reporting.sections.recall import recall
from backfill.reporting.tables.curves import curves
from backfill.results import MethodResult


def approximate(result: MethodResult, *recalls: list[float]) -> MethodResult:
    pairs = zip(result.curves, recalls, strict=True)
    return replace(result, curves=tuple(replace(c, recall=np.array(r)) for c, r in pairs))


def test_recall_stands_next_to_the_curves(tmp_path) -> None:
    old, new = at_levels(0.2, 0.2, 0.2), at_levels(0.6, 0.6, 0.6)
    found = approximate(at_levels(0.2, 0.4, 0.6), [1.0, 0.8, 0.9], [0.9, 0.9, 0.7])
    found.save(tmp_path)
    loaded = MethodResult.load(tmp_path)
    study = as_study({"all": as_panel({"old": old, "new": new, "rm": loaded})})
    frame = curves(study)
    assert frame[frame["method"] == "rm"]["recall"].tolist() == [0.95, 0.85, 0.8]
    assert frame[frame["method"] == "old"]["recall"].isna().all()
    numbers = study.numbers["all"]["rm"]
    assert numbers.recall_min == pytest.approx(0.8)
    assert numbers.row()["recall_min"] == pytest.approx(0.8)
    table = recall(study).files()["recall.md"].decode()
    assert "| rm       | 95.0%   | 80.0%    | 80.0%     |" in table


def test_exact_searches_have_no_such_section() -> None:
    panel = as_panel({"old": at_levels(0.2, 0.2), "new": at_levels(0.6, 0.6)})
    assert recall(as_study({"all": panel})) is None
