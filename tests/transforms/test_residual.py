"""Transforms begin as their closed form, and end where held-out classes are not worse off."""

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from backfill import transforms
from backfill.align import Mix, fit, procrustes, ridge
from backfill.params.rows.transforms import Transform
from backfill.params.settings import TransformTraining
from backfill.transforms.mixing import slerp
from backfill.transforms.stopping import best, last_above, left_out

CPU = torch.device("cpu")
TRAINING = TransformTraining(
    depth=2, width=16, steps=20, batch_size=64, learning_rate=0.003, weight_decay=0.0,
    temperature=0.2, mining=True, views="independent", held_out=0.15,
)  # fmt: skip
DIMS = {"old": 6, "new": 9, "side": 4}


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def views() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(8, 12))[LABELS] + 0.5 * rng.normal(size=(2, 160, 12))
    return {name: unit(hidden @ rng.normal(size=(12, dim))) for name, dim in DIMS.items()}


LABELS = np.arange(160) % 8


def row(**changes: Any) -> Transform:
    plain = {
        "old": "old", "new": "new", "trains_on": "extended_class/new",
        "modules": {"h": ["old"]}, "loss": "alignment", "before": "new -> h",
    }  # fmt: skip
    made: Transform = TypeAdapter(Transform).validate_python(plain | changes)
    return made


FORWARD = {"modules": {"rho": ["new"], "h": ["old"]}, "before": "rho -> h", "after": "rho"}
RM = {"modules": {"rho": ["new"], "psi": ["rho"]}, "before": "psi -> old", "after": "rho"}
KEPT = {"modules": {"rho": ["new"], "h": ["old"], "g": ["old", "new"]}, "before": "rho -> h"}


def begun(chosen: Transform, views: dict[str, np.ndarray], **options: Any) -> transforms.Transforms:
    training = TRAINING.model_copy(update=options)
    model = transforms.Transforms(chosen, training, DIMS)
    model.begin(views)
    return model.eval()


def made_by(model: transforms.Transforms, views: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return transforms.apply(model, {name: v[0] for name, v in views.items()}, CPU)


def test_h_begins_as_ridge_and_rho_as_new(views: dict[str, np.ndarray]) -> None:
    made = made_by(begun(row(**FORWARD, loss="mcl"), views), views)
    h = ridge(views["old"], views["new"]).apply(views["old"][0])
    np.testing.assert_allclose(made["h"], h, atol=1e-6)
    np.testing.assert_allclose(made["rho"], views["new"][0], atol=1e-6)


def test_psi_on_rho_begins_as_the_map_from_new_to_old(views: dict[str, np.ndarray]) -> None:
    chosen = row(**RM, loss="mcl", closed_form="procrustes")
    made = made_by(begun(chosen, views, closed_form="procrustes"), views)
    psi = procrustes(views["new"], views["old"]).apply(views["new"][0])
    np.testing.assert_allclose(made["psi"], psi, atol=1e-6)


def test_a_module_reads_its_inputs_side_by_side(views: dict[str, np.ndarray]) -> None:
    sided = row(side="side", modules={"h": ["old", "side"]})
    both = np.concatenate([views["old"], views["side"]], axis=2)
    h = ridge(both, views["new"]).apply(both[0])
    np.testing.assert_allclose(made_by(begun(sided, views), views)["h"], h, atol=1e-6)
    kept = row(**KEPT, loss="mcl", after="rho -> g")
    both = np.concatenate([views["old"], views["new"]], axis=2)
    g = ridge(both, views["new"]).apply(both[0])
    np.testing.assert_allclose(made_by(begun(kept, views), views)["g"], g, atol=1e-6)


def test_training_changes_it_and_closed_is_never_trained(views: dict[str, np.ndarray]) -> None:
    chosen = row(**FORWARD, loss="mcl", temperature=0.2)
    start = made_by(begun(chosen, views), views)
    options = {"closed": {"form": "closed"}, "trained": {"held_out": 0.0}}
    made = {}
    for name, changes in options.items():
        training = TRAINING.model_copy(update=changes)
        model = transforms.train(chosen, training, views, LABELS, seed=0, device=CPU)
        made[name] = made_by(model, views)
    np.testing.assert_allclose(made["closed"]["h"], start["h"], atol=1e-6)
    assert np.abs(made["trained"]["h"] - start["h"]).max() > 0.01
    assert np.abs(made["trained"]["rho"] - start["rho"]).max() > 0.01


def test_labels_that_say_nothing_end_the_training_before_it_begins(
    views: dict[str, np.ndarray],
) -> None:
    chosen = row(**FORWARD, loss="mcl", uncertainty="h", separate=True)
    start = made_by(begun(chosen, views), views)
    rng = np.random.default_rng(0)
    training = TRAINING.model_copy(update={"learning_rate": 0.1, "floor": "closed_form"})
    shuffled = rng.permutation(LABELS)
    model = transforms.train(chosen, training, views, shuffled, seed=0, device=CPU)
    made = made_by(model, views)
    np.testing.assert_allclose(made["h"], start["h"], atol=1e-6)
    # The uncertainty of what has become of h is learned all the same.
    assert np.abs(made["log_variance"] - start["log_variance"]).max() > 0.01


def test_training_ends_before_anything_falls_below_the_floor() -> None:
    scores = {0: [0.4, 0.6], 10: [0.5, 0.6], 20: [0.4, 0.5], 30: [0.3, 0.7], 40: [0.9, 0.9]}
    of_steps = {step: np.array(values) for step, values in scores.items()}
    assert last_above(of_steps, np.array([0.4, 0.4])) == 20
    assert last_above(of_steps, np.array([0.4, 0.6])) == 10
    assert last_above(of_steps, np.array([0.6, 0.6])) == 0


def test_items_are_nearest_at_the_best_check() -> None:
    assert best({0: np.array([-0.5]), 10: np.array([-0.4]), 20: np.array([-0.6])}) == 10


def test_whole_classes_judge_a_loss_with_labels() -> None:
    judges = left_out(row(**FORWARD, loss="mcl"), TRAINING, LABELS, 0)
    assert len(set(LABELS[judges])) == 2
    assert not set(LABELS[judges]) & set(LABELS[~judges])
    of_items = left_out(row(), TRAINING, LABELS, 0)
    assert of_items.sum() == 24
    assert set(LABELS[~of_items]) == set(LABELS)


def test_a_mix_lies_between_two_embeddings(views: dict[str, np.ndarray]) -> None:
    chosen = row(modules={"psi": ["new"]}, before="psi -> old",
                 mixes={"mix": {"of": ["old", "psi"], "weight": 0.25}})  # fmt: skip
    made = made_by(begun(chosen, views, form="closed"), views)
    old, psi, mix = views["old"][0], made["psi"], made["mix"]
    np.testing.assert_allclose(np.linalg.norm(mix, axis=1), 1, atol=1e-5)
    whole, part = (np.arccos(np.clip((old * x).sum(1), -1, 1)) for x in (psi, mix))
    np.testing.assert_allclose(part, 0.25 * whole, atol=1e-3)
    rest = np.arccos(np.clip((psi * mix).sum(1), -1, 1))
    np.testing.assert_allclose(rest, 0.75 * whole, atol=1e-3)


def test_a_mix_of_equals_is_the_same() -> None:
    x = torch.eye(3)
    torch.testing.assert_close(slerp(x, x, 0.3), x)
    half = slerp(x[:1], x[1:2], 0.5)
    torch.testing.assert_close(half, torch.tensor([[0.5, 0.5, 0.0]]).sqrt())


def test_the_anchor_keeps_what_lies_between_items_at_the_closed_form(
    views: dict[str, np.ndarray],
) -> None:
    chosen = row(**FORWARD, loss="mcl")
    between = {n: unit(v[0, :80] + v[0, 80:])[None] for n, v in views.items()}
    start = made_by(begun(chosen, views), between)
    moved = {}
    for anchor in (0.0, 10.0):
        training = TRAINING.model_copy(update={"anchor": anchor, "held_out": 0.0, "steps": 60})
        made = made_by(
            transforms.train(chosen, training, views, LABELS, seed=0, device=CPU), between
        )
        moved[anchor] = {
            name: float(((x - start[name]) ** 2).sum(1).mean()) for name, x in made.items()
        }
    for name in ("rho", "h"):
        assert moved[10.0][name] < 0.5 * moved[0.0][name]


def test_a_closed_form_may_have_a_part_that_is_not_linear() -> None:
    rng = np.random.default_rng(1)
    old = unit(rng.normal(size=(1, 400, 6)))
    new = unit(np.abs(old @ rng.normal(size=(6, 9))))
    views = {"old": old, "new": new, "side": old[:, :, :4]}
    model = begun(row(), views, form="closed", closed_form="residual")
    fitted = fit(old[0], new[0], "residual")
    assert any("landmarks" in name for name in model.state_dict())
    np.testing.assert_allclose(made_by(model, views)["h"], fitted.apply(old[0]), atol=1e-4)


def test_two_spaces_side_by_side_have_a_mean_of_both_cosines(views: dict[str, np.ndarray]) -> None:
    mix = {"of": ["old", "new"], "kind": "side_by_side", "weight": 0.3}
    made = made_by(begun(row(mixes={"both": mix}), views, form="closed"), views)["both"]
    joined = Mix(0.7).join(views["old"][0], views["new"][0])
    np.testing.assert_allclose(made, joined, atol=1e-6)
