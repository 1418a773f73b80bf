"""A folder of vectors from DVC's one command to the report."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure
from PIL import Image

from backfill.artifacts import Layout, load_array
from backfill.errors import InputError
from backfill.params import load, load_params
from backfill.pipeline import presets
from backfill.pipeline.graph import needed
from backfill.pipeline.plans import plans
from backfill.pipeline.workspace import prepare, prepare_main
from backfill.stages.plan import plan as write_plans

from .settings_files import ROOT, copy_settings

METHODS = ["vectors_old", "vectors_new", "vectors_naive_nearest", "vectors_residual", "vectors_mix"]
STAGES = ["plan", "split", "read", "transform", "order", "evaluate", "report-embeddings"]
SOURCES = {"PYTHONPATH": str(ROOT / "src")}


def blank(figure: Figure, file: Any, **_: Any) -> None:
    """An image of one pixel, in place of a drawing."""
    Image.new("RGB", (1, 1)).save(file, "PNG")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 items of 12 kinds as a blurred and a sharper model see them, and 40 queries."""
    folder = tmp_path_factory.mktemp("vectors")
    rng = np.random.default_rng(0)
    labels = np.arange(280) % 12
    items = rng.normal(size=(12, 8))[labels] + 0.5 * rng.normal(size=(280, 8))
    for model, dim, noise in (("old", 10, 0.8), ("new", 14, 0.1)):
        seen = items @ rng.normal(size=(8, dim)) / 8**0.5
        seen += noise * rng.normal(size=seen.shape)
        np.save(folder / f"{model}.npy", seen[:240])
        np.save(folder / f"queries_{model}.npy", seen[240:])
    np.save(folder / "labels.npy", labels[:240])
    np.save(folder / "query_labels.npy", labels[240:])
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    copy_settings(tmp_path)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    monkeypatch.chdir(tmp_path)
    return Layout()


def composed(vectors: Path, *more: str) -> dict[str, object]:
    return presets.composed(["dataset=embeddings", f"dataset.root={vectors}", *more])


def test_from_a_folder_to_the_report(
    vectors: Path, project: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Figure, "savefig", blank)  # drawings take most of the time
    overrides = [f"methods=[{','.join(METHODS)}]", "seeds=[0]", "threads=1", "device=cpu",
                 "evaluate.checkpoints=3", "report.bootstrap_resamples=20"]  # fmt: skip
    presets.write(composed(vectors, *overrides), project.params)
    prepare(project, [])
    write_plans(project, ["embeddings"])
    settings = load(project.params, ["embeddings"])
    graph = needed(settings, ["embeddings"])
    made = plans(settings, graph)
    for stage, *row in graph.stages:
        module = importlib.import_module(f"backfill.stages.{stage}")
        getattr(module, stage)(made[0, (stage, *row)], project, *row)
    stored = load_array(project.embeddings("new_vectors", "query"))
    raw = np.load(vectors / "queries_new.npy")
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(stored, unit[None], atol=1e-6)
    report = project.report("embeddings")
    found = json.loads((report / "metrics.json").read_text())
    assert set(found) == set(METHODS)
    old, new = found["vectors_old"]["auc_map"], found["vectors_new"]["auc_map"]
    assert new > old + 0.1
    assert old < found["vectors_mix"]["auc_map"]
    assert found["vectors_residual"]["gain"] > 0.5
    page = (report / "page" / "index.html").read_text()
    assert f"folder {vectors.name}, embeddings" in page
    assert "drawn at random: 80 of 240." in page
    assert "learning_rate: 0.4" not in page  # of encoders, of which none is trained
    assert "of the encoders" not in (report / "table.md").read_text()


def test_dvc_yaml_follows_the_preset(vectors: Path, project: Layout) -> None:
    prepare_main(composed(vectors))
    stages = yaml.safe_load(project.pipeline.read_text())["stages"]
    assert list(stages) == STAGES
    # As long as params.yaml says something else, the plan says how to get on.
    with pytest.raises(InputError, match=r"expected the study overview, .* `backfill pipeline`"):
        write_plans(project, ["embeddings"])
    prepare(project, [])
    assert project.pipeline.read_text() == (ROOT / "dvc.yaml").read_text()


def test_a_study_that_trains_needs_images_and_one_that_reads_needs_vectors(
    vectors: Path, project: Layout
) -> None:
    presets.write(composed(vectors) | {"study": None}, project.params)
    with pytest.raises(InputError) as found:
        prepare(project, [])
    assert str(found.value) == (
        "params.yaml: dataset.name: expected a dataset of images, as encoders of overview are "
        "trained on them, got 'embeddings', which studies/embeddings.yaml is about"
    )
    shutil.copy(ROOT / "params.yaml", project.params)
    presets.write(presets.composed() | {"study": "embeddings", "methods": "all"}, project.params)
    with pytest.raises(InputError, match="expected 'embeddings', as embeddings reads vectors"):
        prepare(project, [])


def test_dvc_puts_the_stages_of_vectors_into_dvc_yaml(vectors: Path, project: Layout) -> None:
    # As `dvc exp run -S ...` composes, before it reads dvc.yaml; in a process without plugins yet.
    overrides = ["dataset=embeddings", f"dataset.root={vectors}"]
    code = (
        "from pathlib import Path; from dvc.utils.hydra import compose_and_dump; "
        "conf = str(Path('conf').resolve()); "
        f"compose_and_dump('params.yaml', conf, None, 'config', conf, {overrides})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | SOURCES)
    params = load_params()
    assert (params.main, str(params.dataset.root)) == ("embeddings", str(vectors))
    assert list(yaml.safe_load(project.pipeline.read_text())["stages"]) == STAGES
    assert "plugins_path = conf" in (ROOT / ".dvc" / "config").read_text()
