"""A cluster trains encoders and embeds with them, even if a worker dies."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import ray
import torch
import yaml
from ray import cloudpickle

from backfill.artifacts import Layout, load_array
from backfill.compute import LOCAL, Peer
from backfill.compute.on_ray import OnRay
from backfill.encoders.data_parallel import joined
from backfill.errors import InputError
from backfill.pipeline.plans import EmbedPlan, SplitPlan, TrainPlan
from backfill.reading.yaml import read
from backfill.stages.embed import embed
from backfill.stages.split import split
from backfill.stages.train import train

from .conftest import ON_RAY

pytestmark = ON_RAY

# Workers cannot import tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

SETTINGS = read(Path(__file__).parents[2] / "params.yaml")
NETWORK = {"family": "resnet", "blocks": [1, 1], "width": 8, "embedding_dim": 16}
MACHINE = {"device": "cpu", "threads": 1}


class Shared(NamedTuple):
    """What one process finds when rows are shared: their sum of squares, and its gradient."""

    rank: int
    value: float
    gradient: np.ndarray[Any, Any]


def share(rows: np.ndarray[Any, Any], peer: Peer) -> Shared:
    with joined(peer, torch.device("cpu")) as processes:
        weight = torch.ones(rows.shape[1], dtype=torch.float64, requires_grad=True)
        own = processes.own(torch.from_numpy(rows)) * weight
        loss = processes.gather(own).sum(dim=0).square().sum()
        loss.backward()
        assert weight.grad is not None
        return Shared(processes.rank, loss.item(), weight.grad.numpy())


def test_processes_on_a_cluster_share_rows_and_gradients(engine: OnRay) -> None:
    """How every loss shares a batch is tested without a cluster."""
    rows = np.random.default_rng(0).standard_normal((6, 3))
    alone, both = (e.together(share, rows, n, gpu=False) for e, n in ((LOCAL, 1), (engine, 2)))
    assert (alone.rank, both.rank) == (0, 0)
    assert both.value == pytest.approx(alone.value, rel=1e-12)
    # Each process returns the gradient of its own rows, as often as there are processes.
    first = rows[:3].sum(axis=0)
    np.testing.assert_allclose(both.gradient, 2 * 2 * first * rows.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(alone.gradient, 2 * rows.sum(axis=0) ** 2, rtol=1e-12)


def training(processes: int = 1) -> TrainPlan:
    row = {"loss": "classification", "trains_on": "extended_class/old", "seeds": [0]}
    sizes = {"epochs": 4, "batch_size": 64, "network": NETWORK, "processes": processes}
    settings = {**SETTINGS["train"], **sizes}
    return TrainPlan.model_validate({**MACHINE, "row": row, "train": settings})


def embedding() -> EmbedPlan:
    settings = {"views": 3, "batch_size": 40, "seed": 0}
    augment = SETTINGS["train"]["augment"]
    return EmbedPlan.model_validate({**MACHINE, "embed": settings, "augment": augment})


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """The digits, split; the work runs in this process until told otherwise."""
    monkeypatch.chdir(tmp_path)
    made = Layout()
    use(made, "local")
    allocation = {"allocation": "extended_class", "fraction": 0.5, "seed": 0}
    plan = {"dataset": {"name": "digits"}, "splits": {"extended_class": allocation}}
    split(SplitPlan.model_validate(plan), made)
    return made


def use(layout: Layout, engine: str, **settings: Any) -> None:
    """Say in params.yaml where the work runs."""
    layout.params.write_text(yaml.safe_dump({"compute": {"engine": engine, **settings}}))


def embedded(layout: Layout) -> list[np.ndarray[Any, Any]]:
    parts = [layout.embeddings("old", part) for part in ("query", "gallery")]
    return [load_array(path) for path in (layout.views("old"), *parts)]


def test_embedding_in_shards_and_with_a_worker_that_dies(
    engine: OnRay, layout: Layout, kill_one: Callable[[str], list[int]]
) -> None:
    train(training(), layout, "old")
    embed(embedding(), layout, "old")
    expected = embedded(layout)
    killed = kill_one("embed_shard")
    use(layout, "ray")
    embed(embedding(), layout, "old")
    assert killed
    for found, rows in zip(embedded(layout), expected, strict=True):
        np.testing.assert_allclose(found, rows, atol=1e-6)


def test_training_with_a_process_that_dies(
    engine: OnRay, layout: Layout, kill_one: Callable[[str], list[int]]
) -> None:
    use(layout, "ray")
    train(training(processes=2), layout, "old")
    expected = layout.weights("old").read_bytes()
    killed = kill_one("_Member.run")
    train(training(processes=2), layout, "old")
    assert killed
    assert layout.weights("old").read_bytes() == expected
    assert len((layout.encoder("old") / "loss.tsv").read_text().splitlines()) == 1 + 4
    assert not layout.checkpoints("old").exists()


def test_stages_as_commands(engine: OnRay, layout: Layout) -> None:
    # Workers cannot look up by name what a module that runs as a program hands to them.
    use(layout, "ray", address=ray.get_runtime_context().gcs_address)
    for stage, plan in (("train", training(processes=2)), ("embed", embedding())):
        path = layout.plan(stage, "old")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(plan.model_dump_json())
        command = [sys.executable, "-m", f"backfill.stages.{stage}", "old"]
        # The cluster of these tests talks to this machine alone; who joins it must do so too.
        alone = os.environ | {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
        done = subprocess.run(command, capture_output=True, text=True, env=alone)
        assert done.returncode == 0, done.stderr
    assert [len(rows) for rows in embedded(layout)] == [3, 1, 1]
    assert json.loads(layout.cost("train", "old").read_text())["unit"] == "images"


def test_a_cluster_without_room_for_all_processes_is_an_error(
    engine: OnRay, layout: Layout
) -> None:
    use(layout, "ray")
    with pytest.raises(
        InputError, match=r"train\.processes: expected at most 2, the CPUs of the cluster, got 64"
    ):
        train(training(processes=64), layout, "old")
