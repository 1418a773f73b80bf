"""The loop is deterministic, learns, and goes on after a kill without a trace."""

from pathlib import Path

import numpy as np
import pytest
import torch

from backfill.encoders.model import Encoder
from backfill.encoders.objectives import Classification, Objective, SelfSupervised
from backfill.encoders.training import Batches, Trainer
from backfill.params import Augment, Train

CPU = torch.device("cpu")
NETWORK = {"family": "resnet", "blocks": [1, 1], "width": 8, "embedding_dim": 16}


def make_trainer(
    *, supervised: bool = True, schedule: str = "one_cycle", epochs: int = 4
) -> Trainer:
    """Four classes of bright quadrants in noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(96) % 4
    images = rng.integers(0, 100, (96, 1, 8, 8), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(label, 2)
        image[:, row * 4 : row * 4 + 4, column * 4 : column * 4 + 4] += 100
    augment = Augment(crop_padding=1, flip=False)
    settings = Train(
        batch_size=32, learning_rate=0.1, momentum=0.9, weight_decay=5e-4, schedule=schedule,
        warmup_fraction=0.25, classifier_scale=16.0, augment=augment,
    )  # fmt: skip
    torch.manual_seed(0)
    encoder = Encoder(NETWORK, 1, [0, 1, 2, 3] if supervised else [], 16.0)
    encoder.measure_pixels(torch.from_numpy(images))
    objective: Objective = Classification(augment)
    if not supervised:
        objective = SelfSupervised(augment, 16, 0.5)
    batches = Batches(images, torch.from_numpy(labels), np.arange(96), 32, CPU)
    return Trainer(encoder, objective, batches, settings, epochs, 0, CPU)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {**trainer.encoder.state_dict(), **trainer.objective.state_dict()}


class KilledError(Exception):
    pass


@pytest.mark.parametrize("supervised", [True, False])
@pytest.mark.parametrize("schedule", ["one_cycle", "cosine"])
def test_a_killed_run_ends_with_the_same_bits(
    tmp_path: Path, supervised: bool, schedule: str
) -> None:
    straight = make_trainer(supervised=supervised, schedule=schedule)
    straight.run(tmp_path / "straight.pt", "same", lambda record: None, "test")

    def kill_in_third_epoch(record: dict[str, float]) -> None:
        if len(killed.history) == 3:
            raise KilledError  # after the epoch, before its checkpoint

    killed = make_trainer(supervised=supervised, schedule=schedule)
    with pytest.raises(KilledError):
        killed.run(tmp_path / "killed.pt", "same", kill_in_third_epoch, "test")
    resumed = make_trainer(supervised=supervised, schedule=schedule)
    records: list[dict[str, float]] = []
    resumed.run(tmp_path / "killed.pt", "same", records.append, "test")

    assert records == straight.history
    for name, value in weights(straight).items():
        assert torch.equal(value, weights(resumed)[name]), name


@pytest.mark.parametrize("damage", ["other run", "truncated", "absent"])
def test_a_checkpoint_that_does_not_fit_is_not_used(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "checkpoint.pt"
    first = make_trainer(epochs=2)
    first.run(path, "first", lambda record: None, "test")
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:1000])
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
    images, targets = next(iter(trainer.batches.epoch(torch.Generator().manual_seed(1))))
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
        for batch, target in batches.epoch(torch.Generator().manual_seed(0)):
            assert batch.flatten().tolist() == target.tolist()
            seen += target.tolist()
        assert sorted(seen) == sorted(rows)
