"""The template that `dvc plots` fills with curves.csv."""

import json
from pathlib import Path

import pandas as pd
from dvc_render.vega import VegaRenderer

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


def test_dvc_fills_the_template_with_our_csv(report):
    rows = pd.read_csv(report / "curves.csv").assign(rev="workspace").to_dict("records")
    settings = {"x": "fraction", "y": "map", "x_label": "backfilled", "y_label": "mAP"}
    renderer = VegaRenderer(
        rows, "map", template=TEMPLATE.stem, template_dir=str(TEMPLATE.parent), **settings
    )
    filled = renderer.get_filled_template()
    assert "DVC_METRIC" not in json.dumps(filled)
    assert fields(filled) == {"fraction", "map", "method", "rev"}
    assert len(filled["data"]["values"]) == len(rows)
    # Colour and symbol share a legend only if they sort and title alike.
    points = filled["layer"][1]["encoding"]
    for key in ("field", "sort", "legend"):
        assert points["color"][key] == points["shape"][key]
    assert filled["layer"][0]["encoding"]["color"]["scale"] == points["color"]["scale"]
