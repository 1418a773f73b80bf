"""The template that `dvc plots` fills with curves.csv."""

import json
from pathlib import Path

import pandas as pd

TEMPLATE = Path(__file__).parents[2] / ".dvc" / "plots" / "backfill_curves.json"


def fields(spec) -> set[str]:
    if isinstance(spec, list):
        return set().union(*map(fields, spec))
    if not isinstance(spec, dict):
        return set()
    own = {spec["field"]} if isinstance(spec.get("field"), str) else set()
    return own.union(*map(fields, spec.values()))


def test_the_template_draws_methods_and_revisions_of_our_csv(report):
    spec = json.loads(TEMPLATE.read_text())
    columns = set(pd.read_csv(report / "curves.csv"))
    # `rev` comes from DVC, the anchors are its x and y.
    anchors = {"<DVC_METRIC_X>", "<DVC_METRIC_Y>"}
    assert fields(spec) == anchors | {"method", "rev"}
    assert "method" in columns
    assert spec["data"] == {"values": "<DVC_METRIC_DATA>"}
