"""Every reader through every stage: from a tree of files to the report, in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import published_trees as trees
import pytest
from matplotlib.figure import Figure

from backfill.artifacts import Layout, load_array
from backfill.params import Params
from backfill.relevance import Relevance
from backfill.stages.embed import embed
from backfill.stages.evaluate import evaluate
from backfill.stages.order import order
from backfill.stages.report import report
from backfill.stages.split import split
from backfill.stages.train import train
from backfill.stages.transform import transform


def run(params: Params, layout: Layout) -> None:
    """All stages, in the order of dvc.yaml."""
    split(params, layout)
    for name in params.encoders:
        train(params, layout, name)
        embed(params, layout, name)
    for name in params.transforms:
        transform(params, layout, name)
    for name in params.orders:
        order(params, layout, name)
    for name in params.methods:
        evaluate(params, layout, name)
    for name in params.studies:
        report(params, layout, name)


@pytest.mark.parametrize("make", trees.TREES, ids=lambda make: make.__name__)
def test_from_files_to_the_report(
    make: Callable[[Path], dict[str, Any]],
    minimal_params: Callable[..., Params],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # Checkpoints go below the current folder.
    # Figures take most of the time, and no dataset draws one of its own.
    monkeypatch.setattr(Figure, "savefig", lambda self, file, **_: file.write(b"<svg></svg>"))
    tree = make(tmp_path / "files")
    params = minimal_params({"size": 16} | tree)
    layout = Layout(params.dataset.name, tmp_path)
    run(params, layout)

    queries, gallery = (len(load_array(layout.labels(part))) for part in ("query", "gallery"))
    relevance = Relevance.load(layout.relevance)
    assert (relevance.num_queries, relevance.gallery_size) == (queries, gallery)
    expected = {"market1501": 64}.get(params.dataset.name, 16)
    for part, count in (("train", 16), ("query", queries), ("gallery", gallery)):
        images = load_array(layout.images(part), memory_map=True)
        assert images.shape == (count, 3, 16, expected)
        assert images.any()
        for encoder in params.encoders:
            embeddings = load_array(layout.embeddings(encoder, part))
            assert embeddings.shape[1] == count
            assert np.allclose(np.linalg.norm(embeddings, axis=2), 1, atol=1e-3)
    assert len(load_array(layout.allocation("extended_class/old"))) == 8
    names = json.loads((layout.split / "names.json").read_text())
    assert names["map_at"] == {"gldv2": 100, "roxford5k": 10, "rparis6k": 10}.get(tree["name"])
    metrics = json.loads((layout.report("overview") / "metrics.json").read_text())
    assert list(metrics) == list(params.methods)
    assert metrics["old"]["gain"] == 0
    assert 0 < metrics["new"]["auc_map"] <= 1
