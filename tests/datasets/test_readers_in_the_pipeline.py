"""Every reader through every stage: from a tree of files to the report, in this process."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import published_trees as trees
import pytest
import yaml
from matplotlib.figure import Figure
from PIL import Image

from backfill.artifacts import Layout, load_array
from backfill.params import MAIN, Params, load
from backfill.pipeline.graph import needed
from backfill.pipeline.plans import plans
from backfill.reading.yaml import read
from backfill.relevance import Relevance

ROOT = Path(__file__).parents[2]
METHODS = ["old", "new", "rm_psi"]


def write_params(path: Path, dataset: dict[str, Any]) -> None:
    """The committed parameters with three methods, tiny networks and one epoch."""
    raw = read(ROOT / "params.yaml")
    network = {"family": "resnet", "blocks": [1], "width": 4, "embedding_dim": 8}
    raw |= {"methods": METHODS, "device": "cpu", "threads": 1, "seeds": [0], "dataset": dataset}
    raw["train"] |= {"network": network, "epochs": 1, "batch_size": 4}
    raw["embed"] |= {"views": 1, "batch_size": 4}
    raw["transform"] |= {"depth": 2, "width": 8, "steps": 2, "batch_size": 8}
    raw["evaluate"] |= {"checkpoints": 3}
    raw["report"] |= {"bootstrap_resamples": 10}
    path.write_text(yaml.safe_dump(json.loads(json.dumps(raw, default=str))))


def blank(figure: Figure, file: Any, **_: Any) -> None:
    """An image of one pixel, in place of a drawing."""
    Image.new("RGB", (1, 1)).save(file, "PNG")


def run(layout: Layout) -> Params:
    """All stages, in the order of dvc.yaml."""
    settings = load(layout.params, [MAIN], ROOT)
    graph = needed(settings, [MAIN])
    made = plans(settings, graph)
    for stage, *row in graph.stages:
        plan = made.get((0, (stage, *row))) or made[0, (stage,)]  # one for all rows
        module = importlib.import_module(f"backfill.stages.{stage}")
        getattr(module, stage)(plan, layout, *row)
    return settings.params


@pytest.mark.parametrize("make", trees.TREES, ids=lambda make: make.__name__)
def test_from_files_to_the_report(
    make: Callable[[Path], dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Figures take most of the time, and no dataset draws one of its own.
    monkeypatch.setattr(Figure, "savefig", blank)
    tree = make(tmp_path / "files")
    layout = Layout(root=tmp_path)
    write_params(layout.params, {"size": 16} | tree)
    params = run(layout)
    assert params.dataset.name == make.__name__

    queries, gallery = (len(load_array(layout.labels(part))) for part in ("query", "gallery"))
    relevance = Relevance.load(layout.relevance)
    assert (relevance.num_queries, relevance.gallery_size) == (queries, gallery)
    expected = {"market1501": 64}.get(params.dataset.name, 16)
    for part, count in (("train", 16), ("query", queries), ("gallery", gallery)):
        images = load_array(layout.images(part), memory_map=True)
        assert images.shape == (count, 3, 16, expected)
        assert images.any()
        for encoder in ("old", "new"):
            train = part == "train"
            path = layout.views(encoder) if train else layout.embeddings(encoder, part)
            embeddings = load_array(path)
            assert embeddings.shape[1] == count
            assert np.allclose(np.linalg.norm(embeddings, axis=2), 1, atol=1e-3)
    assert len(load_array(layout.share("extended_class/old"))) == 8
    names = json.loads(layout.names.read_text())
    assert names["map_at"] == {"gldv2": 100, "roxford5k": 10, "rparis6k": 10}.get(tree["name"])
    metrics = json.loads((layout.report("overview") / "metrics.json").read_text())
    assert list(metrics) == METHODS
    assert "gain" not in metrics["old"]
    assert 0 < metrics["new"]["auc_map"] <= 1
