"""Transforms learn what their loss asks for, between spaces of any dimensions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from safetensors.numpy import load_file

from backfill import transforms
from backfill.errors import InputError
from backfill.params.base import SystemSets
from backfill.params.rows.transforms import Transform
from backfill.params.settings import TransformTraining

CPU = torch.device("cpu")
TRAINING = TransformTraining(
    form="layers", depth=2, width=32, steps=84, batch_size=64, learning_rate=0.003,
    weight_decay=0.0, temperature=0.1, mining=True, views="independent",
)  # fmt: skip
CLASSES, OLD_DIM, NEW_DIM = 6, 12, 20


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def data() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Two views of 480 items: a noisy old space of 12 dimensions, a cleaner new one of 20."""
    rng = np.random.default_rng(0)
    labels = np.arange(480) % CLASSES
    old = rng.normal(size=(CLASSES, OLD_DIM))[labels] + rng.normal(size=(2, 480, OLD_DIM))
    new = rng.normal(size=(CLASSES, NEW_DIM))[labels] + 0.4 * rng.normal(size=(2, 480, NEW_DIM))
    return {"old": unit(old), "new": unit(new)}, labels


def row(**changes: object) -> Transform:
    settings: dict[str, object] = {
        "old": "old", "new": "new", "trains_on": "extended_class/new",
        "modules": {"psi": ["new"]},
        "loss": "cl", "before": SystemSets(query="psi", gallery="old"),
    }  # fmt: skip
    made: Transform = TypeAdapter(Transform).validate_python(settings | changes)
    return made


def separation(query: np.ndarray, gallery: np.ndarray, labels: np.ndarray) -> float:
    """Mean cosine of positives less that of negatives."""
    cosines = query @ gallery.T
    same = labels[:, None] == labels[None, :]
    return float(cosines[same].mean() - cosines[~same].mean())


@pytest.mark.parametrize("loss", ["alignment", "cl"])
def test_psi_maps_new_queries_into_an_old_space_of_another_dimension(
    data: tuple[dict[str, np.ndarray], np.ndarray], loss: str
) -> None:
    views, labels = data
    model = transforms.train(row(loss=loss), TRAINING, views, labels, seed=0, device=CPU)
    made = transforms.apply(model, {name: v[0] for name, v in views.items()}, CPU)
    assert made["psi"].shape == (480, OLD_DIM)
    np.testing.assert_allclose(np.linalg.norm(made["psi"], axis=1), 1, atol=1e-5)
    old = views["old"][1]
    assert separation(made["psi"], old, labels) > 1.2 * separation(views["old"][0], old, labels)


def test_items_of_a_class_each_give_a_contrastive_loss_nothing_to_learn_from(
    data: tuple[dict[str, np.ndarray], np.ndarray],
) -> None:
    views, labels = data
    with pytest.raises(InputError, match=r"labels: expected classes of several items .*'cl'"):
        transforms.train(row(), TRAINING, views, np.arange(len(labels)), seed=0, device=CPU)


def test_rho_and_psi_train_together_and_improve_both_systems(
    data: tuple[dict[str, np.ndarray], np.ndarray],
) -> None:
    views, labels = data
    both = row(
        modules={"rho": ["new"], "psi": ["rho"]},
        loss="mcl",
        after=SystemSets(query="rho", gallery="rho"),
    )
    model = transforms.train(both, TRAINING, views, labels, seed=0, device=CPU)
    made = transforms.apply(model, {name: v[0] for name, v in views.items()}, CPU)
    assert made["rho"].shape == (480, NEW_DIM)
    assert made["psi"].shape == (480, OLD_DIM)
    new = views["new"][0]
    assert separation(made["rho"], made["rho"], labels) > separation(new, new, labels)


def test_side_information_is_read_and_used(data: tuple[dict[str, np.ndarray], np.ndarray]) -> None:
    views, labels = data
    # Side information that is the target itself: h can do far better with it than without.
    views = views | {"side": views["new"]}
    target = {"before": SystemSets(query="new", gallery="h"), "loss": "alignment"}
    plain = row(modules={"h": ["old"]}, **target)
    sided = row(modules={"h": ["old", "side"]}, side="side", **target)
    assert sided.inputs == ("old", "new", "side")
    errors = []
    for chosen in (plain, sided):
        model = transforms.train(chosen, TRAINING, views, labels, seed=0, device=CPU)
        made = transforms.apply(model, {name: v[0] for name, v in views.items()}, CPU)["h"]
        assert made.shape == (480, NEW_DIM)
        errors.append(float(((made - views["new"][0]) ** 2).sum(1).mean()))
    assert errors[1] < 0.7 * errors[0]


def test_the_seed_alone_decides_the_bytes(
    data: tuple[dict[str, np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    views, labels = data
    short = TRAINING.model_copy(update={"steps": 14})
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        torch.rand(3)  # the state of the global generator must not matter
        model = transforms.train(row(), short, views, labels, seed=seed, device=CPU)
        transforms.save(model, tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c
    assert set(load_file(tmp_path / "a"))


@pytest.mark.parametrize("depth", [1, 3])
def test_depth_counts_linear_layers(depth: int) -> None:
    mlp = transforms.Mlp([5, 3], 4, depth, 7)
    linears = [m for m in mlp if isinstance(m, torch.nn.Linear)]
    assert len(linears) == depth
    assert linears[0].in_features == 8
    assert linears[-1].out_features == 4
    assert isinstance(mlp[-1], torch.nn.Linear)
    assert mlp(torch.randn(2, 8)).shape == (2, 4)


def test_a_row_overrides_the_shared_training() -> None:
    training = row(temperature=0.7, depth=5, mining=False).training(TRAINING)
    assert (training.temperature, training.depth, training.mining) == (0.7, 5, False)
    assert training.width == TRAINING.width
