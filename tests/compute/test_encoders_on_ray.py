"""A cluster trains encoders and embeds with them, even if a worker dies."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import ray
import torch
import yaml
from ray import cloudpickle
from torch import nn

from backfill.artifacts import PARTS, Layout, load_array
from backfill.compose import composed
from backfill.compute import LOCAL, Engine, Peer
from backfill.compute.on_ray import OnRay
from backfill.encoders import objectives
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.data_parallel import BatchLoss, Processes, joined, parallel
from backfill.encoders.model import Encoder
from backfill.encoders.teacher import Teacher
from backfill.errors import InputError
from backfill.params import Encoder as Row
from backfill.params import Params, validate
from backfill.stages.embed import embed
from backfill.stages.split import split
from backfill.stages.train import CHECKPOINTS, train

from .conftest import ON_RAY

pytestmark = ON_RAY

# Workers cannot import tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

ROOT = Path(__file__).parents[2]
ITEMS, CLASSES, DIMENSIONS = 12, 4, 5


class Loss(NamedTuple):
    """The loss of one batch, with the gradients of all parameters of encoder and objective."""

    value: float
    gradients: list[np.ndarray[Any, Any]]


LOSSES = ("classification", "nt_xent", "bct", "ract", "ract_split", "ract_triplet", "bct_ract",
          "lwf", "focal_distillation")  # fmt: skip


def steps(losses: Sequence[str], peer: Peer) -> list[Loss]:
    """Take one step with each loss, as one of the processes that train together."""
    device = torch.device("cpu")
    with joined(peer, device) as processes:
        return [step(loss, processes, device) for loss in losses]


def step(loss: str, processes: Processes, device: torch.device) -> Loss:
    """Take one step; batch, encoder and objective are the same in every process."""
    row = Row(trains_on="x", needs="embeddings/old", loss=loss, seed=0, temperature=0.3)
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    settings = validate(composed(["dataset=digits"], ROOT / "conf")).train
    classes = list(range(CLASSES)) if row.supervised else []
    network = {**settings.network.model_dump(), "embedding_dim": DIMENSIONS}
    encoder = Encoder(network, 1, classes, 16.0)
    # In double precision and without batch normalisation, whose statistics differ between
    # processes: only the gathering can make a difference.
    encoder.network = nn.Sequential(nn.Flatten(), nn.Linear(64, DIMENSIONS)).double()
    encoder.mean, encoder.std = encoder.mean.double(), encoder.std.double()
    labels = np.arange(ITEMS) % CLASSES
    views = torch.randn(2, ITEMS, DIMENSIONS, generator=generator).numpy()
    weight = torch.randn(CLASSES, DIMENSIONS, generator=generator).numpy()
    teacher = Teacher(views, StoredClassifier(weight, list(range(CLASSES)), 16.0))
    objective = objectives.build(
        row, settings.augment, DIMENSIONS, classes, labels, teacher=lambda name: teacher
    )
    images = torch.randint(0, 256, (ITEMS, 1, 8, 8), generator=generator, dtype=torch.uint8)
    batch = objectives.Batch(images, torch.from_numpy(labels), torch.arange(ITEMS))
    module = parallel(BatchLoss(encoder, objective, processes), device)
    value = module(batch, generator)
    value.backward()
    parameters = [*encoder.network.parameters(), *objective.parameters()]
    return Loss(value.item(), [p.grad.numpy() for p in parameters])


@pytest.fixture(scope="module")
def by_two(engine: OnRay) -> dict[str, Loss]:
    return dict(zip(LOSSES, engine.together(steps, LOSSES, 2, gpu=False), strict=True))


@pytest.mark.parametrize("loss", LOSSES)
def test_two_processes_have_the_loss_of_the_joined_batch(
    by_two: dict[str, Loss], loss: str
) -> None:
    (alone,), both = LOCAL.together(steps, [loss], 1, gpu=False), by_two[loss]
    assert both.value == pytest.approx(alone.value, rel=1e-6)
    assert any(np.abs(gradient).max() > 1e-4 for gradient in alone.gradients)
    for found, expected in zip(both.gradients, alone.gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def digits(engine: str = "local", ranks: int = 1) -> Params:
    raw = composed(["dataset=digits"], ROOT / "conf")
    raw["train"] |= {"epochs": 4, "batch_size": 64, "ranks": ranks}
    raw["embed"]["batch_size"] = 40
    raw["compute"]["engine"] = engine
    return validate(raw)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.chdir(tmp_path)
    made = Layout("digits")
    split(digits(), made)
    return made


def embedded(layout: Layout) -> list[np.ndarray[Any, Any]]:
    return [load_array(layout.embeddings("old", part)) for part in PARTS]


def test_embedding_in_shards_and_with_a_worker_that_dies(
    engine: OnRay, layout: Layout, kill_one: Callable[[str], list[int]]
) -> None:
    train(digits(), layout, "old")
    embed(digits(), layout, "old")
    expected = embedded(layout)
    killed = kill_one("embed_shard")
    embed(digits("ray"), layout, "old")
    assert killed
    for found, rows in zip(embedded(layout), expected, strict=True):
        np.testing.assert_allclose(found, rows, atol=1e-6)


def test_training_with_a_process_that_dies(
    engine: OnRay, layout: Layout, kill_one: Callable[[str], list[int]]
) -> None:
    train(digits("ray", ranks=2), layout, "old")
    expected = layout.weights("old").read_bytes()
    killed = kill_one("_Member.run")
    train(digits("ray", ranks=2), layout, "old")
    assert killed
    assert layout.weights("old").read_bytes() == expected
    assert len((layout.encoder("old") / "loss.tsv").read_text().splitlines()) == 1 + 4
    assert not (CHECKPOINTS / "digits" / "old").exists()


def test_stages_as_commands(engine: OnRay, layout: Layout) -> None:
    # Workers cannot look up by name what a module that runs as a program hands to them.
    chosen = digits("ray", ranks=2).model_dump(mode="json")
    chosen["compute"]["address"] = ray.get_runtime_context().gcs_address
    Path("params.yaml").write_text(yaml.safe_dump(chosen, sort_keys=False))
    for stage in ("train", "embed"):
        command = [sys.executable, "-m", f"backfill.stages.{stage}", "old"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert [len(rows) for rows in embedded(layout)] == [3, 1, 1]
    assert json.loads(layout.cost("train", "old").read_text())["unit"] == "images"


def test_impossible_numbers_of_processes(engine: Engine, layout: Layout) -> None:
    with pytest.raises(
        InputError, match=r"train.processes: expected at most 2, the CPUs of the cluster, got 64"
    ):
        train(digits("ray", ranks=64), layout, "old")
    with pytest.raises(InputError, match=r"train.ranks: 3, expected a divisor of train.batch_size"):
        digits("ray", ranks=3)
    with pytest.raises(InputError, match=r"train.ranks: 2, expected 1 with compute.engine local"):
        digits(ranks=2)
