"""The loop is deterministic, learns, and goes on after a kill without a trace."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from backfill.encoders import objectives
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.model import Encoder
from backfill.encoders.teacher import Teacher
from backfill.encoders.training import Batches, Trainer, schedule
from backfill.params.networks import ResNet
from backfill.params.rows.encoders import Encoder as Row
from backfill.params.rows.encoders import SelfSupervised
from backfill.params.settings import Augment, Train

CPU = torch.device("cpu")
NETWORK = ResNet(family="resnet", blocks=[1, 1], width=8, embedding_dim=16)
AUGMENT = Augment(crop_padding=1, flip=False)
LABELS = np.arange(96) % 4
RUNS: dict[str, dict[str, Any]] = {
    "classification": {"loss": "classification"},
    "nt_xent": {"loss": "nt_xent"},
    "ract of the class": {
        "loss": "ract",
        "teacher": "old",
        "positives": "class",
        "temperature": 0.1,
    },
    "bct_ract": {"loss": "bct_ract", "teacher": "old", "temperature": 0.1},
    "lwf": {"loss": "lwf", "teacher": "old", "temperature": 2.0},
}


def settings(**changes: Any) -> Train:
    return Train(
        network=NETWORK, epochs=4, batch_size=32, optimizer="sgd", learning_rate=0.1,
        momentum=0.9, weight_decay=5e-4, schedule="one_cycle", warmup_fraction=0.25,
        classifier_scale=16.0, augment=AUGMENT,
    ).model_copy(update=changes)  # fmt: skip


def teacher(name: str = "old") -> Teacher:
    """Old embeddings that know two of the classes, in three views."""
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(2, 16)).astype(np.float32)
    means = rng.normal(size=(4, 16))
    views = means[LABELS] + 0.5 * rng.normal(size=(3, 96, 16))
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    return Teacher(views.astype(np.float32), StoredClassifier(weight, [2, 0], 16.0))


def make_trainer(run: str = "classification", **changes: Any) -> Trainer:
    """Four classes of bright quadrants in noise."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 100, (96, 1, 8, 8), dtype=np.uint8)
    for image, label in zip(images, LABELS, strict=True):
        row, column = divmod(label, 2)
        image[:, row * 4 : row * 4 + 4, column * 4 : column * 4 + 4] += 100
    train = settings(**changes)
    row: Row = TypeAdapter(Row).validate_python({"trains_on": "s/new", "seeds": [0]} | RUNS[run])
    supervised = not isinstance(row, SelfSupervised)
    torch.manual_seed(0)
    encoder = Encoder(NETWORK, 1, [0, 1, 2, 3] if supervised else [], 16.0)
    encoder.measure_pixels(torch.from_numpy(images))
    objective = objectives.build(row, AUGMENT, 16, encoder.classes, LABELS, np.arange(96), teacher)
    batches = Batches(images, torch.from_numpy(LABELS), np.arange(96), 32, CPU)
    return Trainer(encoder, objective, batches, train, train.epochs, 0, CPU)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {**trainer.encoder.state_dict(), **trainer.objective.state_dict()}


class KilledError(Exception):
    pass


@pytest.mark.parametrize(
    ("run", "optimizer", "schedule"),
    [
        ("classification", "sgd", "one_cycle"),
        ("classification", "adam", "step"),
        ("nt_xent", "sgd", "cosine"),
        ("ract of the class", "sgd", "one_cycle"),
        ("bct_ract", "adam", "one_cycle"),
        ("lwf", "sgd", "step"),
        ("lwf", "muon", "one_cycle"),
    ],
)
def test_a_killed_run_ends_with_the_same_bits(
    tmp_path: Path, run: str, optimizer: str, schedule: str
) -> None:
    changes = {"optimizer": optimizer, "schedule": schedule, "step_epochs": 3}
    if optimizer in ("adam", "muon"):
        changes["learning_rate"] = 0.01
    straight = make_trainer(run, **changes)
    straight.run(tmp_path / "straight.pt", "same", lambda record: None, "test")

    def kill_in_third_epoch(record: dict[str, float]) -> None:
        if len(killed.history) == 3:
            raise KilledError  # after the epoch, before its checkpoint

    killed = make_trainer(run, **changes)
    with pytest.raises(KilledError):
        killed.run(tmp_path / "killed.pt", "same", kill_in_third_epoch, "test")
    resumed = make_trainer(run, **changes)
    records: list[dict[str, float]] = []
    resumed.run(tmp_path / "killed.pt", "same", records.append, "test")

    assert records == straight.history
    for name, value in weights(straight).items():
        assert torch.equal(value, weights(resumed)[name]), name


@pytest.mark.parametrize("damage", ["other run", "truncated", "text", "pickle", "absent"])
def test_a_checkpoint_that_does_not_fit_is_not_used(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "checkpoint.pt"
    first = make_trainer(epochs=2)
    first.run(path, "first", lambda record: None, "test")
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "text":
        path.write_text("no checkpoint")
    elif damage == "pickle":
        path.write_bytes(pickle.dumps(Path("a"), 2))  # would run code
    elif damage == "absent":
        path.unlink()
    again = make_trainer(epochs=2)
    again.run(path, "second" if damage == "other run" else "first", lambda record: None, "test")
    assert again.history == first.history
    assert torch.equal(again.encoder.classifier.weight, first.encoder.classifier.weight)  # type: ignore[union-attr]


def test_it_learns_classes(tmp_path: Path) -> None:
    trainer = make_trainer(epochs=30)
    trainer.run(tmp_path / "c.pt", "", lambda record: None, "test")
    assert trainer.history[-1]["loss"] < 0.5 * trainer.history[0]["loss"]
    trainer.encoder.eval()
    images, targets, _ = next(iter(trainer.batches.epoch(torch.Generator().manual_seed(1))))
    assert trainer.encoder.classifier is not None
    predicted = trainer.encoder.classifier(trainer.encoder(images)).argmax(1)
    assert (predicted == targets).float().mean() > 0.9


def test_batches_cover_the_rows_once_an_epoch_resident_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1)
    targets = torch.arange(50)
    rows = np.array([3, 41, 8, 20, 33, 7])
    for limit in (1 << 30, 0):
        monkeypatch.setattr("backfill.encoders.training.RESIDENT_BYTES", limit)
        batches = Batches(images, targets, rows, 2, CPU)
        seen = []
        for batch in batches.epoch(torch.Generator().manual_seed(0)):
            assert batch.images.flatten().tolist() == batch.targets.tolist()
            assert batch.rows.tolist() == batch.targets.tolist()
            seen += batch.rows.tolist()
        assert sorted(seen) == sorted(rows)


def test_alternating_flips_mirror_each_image_in_every_second_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = np.stack([np.arange(0, 200, 2), np.arange(1, 200, 2)], 1).astype(np.uint8)
    images = images.reshape(100, 1, 1, 2)
    rows = np.arange(10, 90)

    def mirrored(seed: int, epoch: int) -> set[int]:
        batches = Batches(images, torch.arange(100), rows, 20, CPU, alternating=seed)
        found = set()
        for batch in batches.epoch(torch.Generator().manual_seed(epoch), epoch):
            for image, row in zip(batch.images, batch.rows, strict=True):
                assert sorted(image.flatten().tolist()) == [2 * row, 2 * row + 1]
                if image[0, 0, 0] != 2 * row:
                    found.add(int(row))
        return found

    for limit in (1 << 30, 0):
        monkeypatch.setattr("backfill.encoders.training.RESIDENT_BYTES", limit)
        first = mirrored(0, 0)
        assert 20 < len(first) < 60
        assert mirrored(0, 1) == set(rows.tolist()) - first
        assert mirrored(0, 2) == first
        assert mirrored(1, 0) != first


@pytest.mark.parametrize("run", ["ract of the class", "bct_ract"])
def test_compatible_training_brings_new_embeddings_to_old_ones(tmp_path: Path, run: str) -> None:
    def separation(trainer: Trainer) -> float:
        """Mean new-to-old cosine of positives less that of negatives."""
        trainer.encoder.eval()
        with torch.no_grad():
            images = torch.from_numpy(np.asarray(trainer.batches.images))
            new = torch.nn.functional.normalize(trainer.encoder(images))
        cosines = new @ torch.from_numpy(teacher().views[0]).T
        same = torch.from_numpy(LABELS[:, None] == LABELS[None, :])
        return float(cosines[same].mean() - cosines[~same].mean())

    compatible, plain = make_trainer(run, epochs=12), make_trainer(epochs=12)
    for name, trainer in (("compatible", compatible), ("plain", plain)):
        trainer.run(tmp_path / f"{name}.pt", "", lambda record: None, "test")
    assert separation(compatible) > 0.3 > abs(separation(plain)) + 0.1


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_optimizer_is_the_one_named_and_spares_norms_and_biases(optimizer: str) -> None:
    trainer = make_trainer("lwf", optimizer=optimizer, learning_rate=0.01)
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    assert type(trainer.optimizer) is kinds[optimizer]
    decayed, spared = trainer.optimizer.param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (5e-4, 0.0)
    assert {p.ndim for p in spared["params"]} == {1}
    assert all(p.ndim > 1 for p in decayed["params"])
    every = [*trainer.encoder.parameters(), *trainer.objective.parameters()]
    assert len(decayed["params"]) + len(spared["params"]) == len(every)
    # The old classes' head is trained along.
    (head,) = trainer.objective.parameters()
    before = head.detach().clone()
    trainer.run_epoch(0)
    assert not torch.equal(head, before)


def rates(kind: str, epochs: int, steps: int, **changes: Any) -> list[float]:
    """The learning rate of each step, of at most 2."""
    chosen = settings(schedule=kind, learning_rate=2.0, **changes)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
    scheduler = schedule(optimizer, chosen, epochs, steps)
    found = []
    for _ in range(epochs * steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_steps_divide_by_ten_after_so_many_epochs() -> None:
    found = rates("step", epochs=7, steps=5, step_epochs=3)
    assert found == pytest.approx([2.0] * 15 + [0.2] * 15 + [0.02] * 5)


@pytest.mark.parametrize("warmup", [0.1, 0.25, 0.5])
def test_one_cycle_rises_from_a_25th_and_falls_to_nothing(warmup: float) -> None:
    found = rates("one_cycle", epochs=4, steps=25, warmup_fraction=warmup)
    top = int(np.argmax(found))
    assert found[0] == pytest.approx(2 / 25)
    assert max(found) == pytest.approx(2, rel=0.01)
    assert top == pytest.approx(100 * warmup, abs=1)
    assert (np.diff(found[: top + 1]) > 0).all()
    assert (np.diff(found[top:]) < 0).all()
    assert found[-1] < 0.003


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5])
def test_cosine_rises_in_a_straight_line_and_falls_along_a_cosine(warmup: float) -> None:
    found = rates("cosine", epochs=4, steps=25, warmup_fraction=warmup)
    rising = max(1, round(100 * warmup))
    np.testing.assert_allclose(found[:rising], 2 * np.arange(1, rising + 1) / rising)
    falling = found[rising:]
    assert falling[0] == pytest.approx(2)
    assert (np.diff(falling) < 0).all()
    middle = falling[len(falling) // 2]
    assert middle == pytest.approx(1, abs=0.05)
    assert 0 < found[-1] < 0.01


@pytest.mark.parametrize("kind", ["one_cycle", "cosine", "step"])
@pytest.mark.parametrize("warmup", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_the_shortest_runs_have_a_schedule(kind: str, warmup: float, steps: int) -> None:
    found = rates(kind, epochs=1, steps=steps, warmup_fraction=warmup)
    assert len(found) == steps
    assert all(0 < rate <= 2 for rate in found)
