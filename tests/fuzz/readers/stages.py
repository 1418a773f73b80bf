"""Stages on damaged artifacts: all that they read is read as they read it."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from backfill.artifacts import Layout, load_array, save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.pipeline.plans import EvaluatePlan, OrderPlan
from backfill.relevance import Relevance
from backfill.reporting.__main__ import show
from backfill.stages.evaluate import evaluate
from backfill.stages.order import order
from backfill.workflow import costs
from fuzz.readers import bombs
from fuzz.registry import cases, content, reader

ROOT = Path(__file__).parents[3]
SIZE = 16
EVALUATE: dict[str, Any] = {
    "threads": 1,
    "seeds": [0],
    "row": {"before": {"query": "old", "gallery": "old"}, "after": {"query": "new", "gallery": "new"}},
    "evaluate": {
        "checkpoints": 3, "top_k": [1, 5], "map_at": 7, "search": "whole", "effort": 8, "distance_bins": 9,
    },
}  # fmt: skip

_MARGIN = {"kind": "margin", "embeddings": "old"}
_ORDERS = [
    OrderPlan.model_validate({"threads": 1, "seeds": [0], "row": row})
    for row in (
        {"kind": "random"},
        _MARGIN,
        {"kind": "coverage", "over": "new", "scores": _MARGIN},
    )
]


def workspace(folder: Path) -> None:
    """Two encoders' embeddings of a few items."""
    rng = np.random.default_rng(0)
    made = Layout(root=folder)
    made.params.write_text(yaml.safe_dump({"compute": {"engine": "local"}}))
    labels = np.arange(SIZE) % 3
    made.relevance.parent.mkdir(parents=True)
    Relevance.from_labels(labels, labels, ignore_self=True).save(made.relevance)
    save_array(made.labels("gallery"), labels)
    for name in ("old", "new"):
        for part in ("query", "gallery"):
            save_array(made.embeddings(name, part), rng.normal(size=(1, SIZE, 5)).astype("f4"))
        weight = rng.normal(size=(3, 5)).astype("f4")
        StoredClassifier(weight, [0, 1, 2], 16.0).save(made.embeddings(name))
    save_array(made.order("random"), rng.permutation(SIZE)[None])
    made.names.write_text(json.dumps({"groups": ["all"], "map_at": None}))


@reader("stage evaluate", workspace, share=1.5)
def read_evaluate(folder: Path) -> object:
    """A method's curve."""
    return evaluate(EvaluatePlan.model_validate(EVALUATE), Layout(root=folder), "rm_naive")


@reader("stage order", workspace)
def read_order(folder: Path) -> object:
    """Orders that read labels, classifiers and embeddings."""
    made = Layout(root=folder)
    for plan in _ORDERS:
        order(plan, made, "some")
        rows = load_array(made.order("some"))[0]
        assert sorted(rows.tolist()) == list(range(len(rows)))
    return None


for _stage in ("stage evaluate", "stage order"):
    cases(
        _stage,
        {
            f"{path.rpartition('/')[2]} of {path.split('/')[-2]}: {n}": content(path, data)
            for path in (
                "data/main/embeddings/old/gallery.npy",
                "data/main/embeddings/new/query.npy",
                "data/main/orders/random.npy",
                "data/main/split/gallery/labels.npy",
            )
            for n, data in bombs.NPY.items()
        },
    )
cases(
    "stage evaluate",
    {f"names.json: {n}": content("data/main/split/gallery/names.json", d)
     for n, d in bombs.JSON.items()}
    | {f"names.json: map_at of {value!r}": content(
        "data/main/split/gallery/names.json", json.dumps({"map_at": value}).encode())
       for value in ("x", -1, 0, 1.5, 10**30, [1], True)}
    | {f"params.yaml: {n}": content("params.yaml", d) for n, d in bombs.YAML.items()},
)  # fmt: skip


def report(folder: Path) -> None:
    """The table of a report, and what stages cost."""
    shutil.copyfile(ROOT / "reports/main/overview/table.csv", folder / "table.csv")
    path = Layout(root=folder).cost("train", "old")
    path.parent.mkdir(parents=True)
    cost = {"wall_s": 1.0, "peak_gib": 0.5, "items_per_s": 3.0, "items": 3, "unit": "images"}
    path.write_text(json.dumps(cost | {"machine": "x"}))


@reader("tables", report, share=0.3)
def read_tables(folder: Path) -> None:
    """`backfill show` and `backfill costs`."""
    with contextlib.chdir(folder):
        costs("main")
    show(folder)


cases(
    "tables",
    {f"a cost: {n}": content("data/main/costs/train/old.json", d) for n, d in bombs.JSON.items()},
)
