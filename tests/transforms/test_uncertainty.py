"""Which module is trained by what: predicted log-variance, `separate`, `class_weight`."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from backfill import transforms
from backfill.artifacts import LOG_VARIANCE
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.params.rows.transforms import Transform
from backfill.params.settings import TransformTraining
from backfill.transforms.training import needs_classifier

CPU = torch.device("cpu")
TRAINING = TransformTraining(
    form="layers", depth=2, width=16, steps=24, batch_size=32, learning_rate=0.01, weight_decay=0.0,
    temperature=0.2, mining=False, views="independent",
)  # fmt: skip
COUNT, OLD_DIM, NEW_DIM = 256, 6, 8
NEW = {"query": "new", "gallery": "h"}
RHO = {"query": "rho", "gallery": "rho"}
FORWARD = {"modules": {"rho": ["new"], "h": ["old"]}, "before": RHO | {"gallery": "h"}}


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def views() -> dict[str, np.ndarray]:
    """Two views; where an old embedding's first number is positive, it says nothing of the new."""
    rng = np.random.default_rng(0)
    old = rng.normal(size=(COUNT, OLD_DIM))
    old[:, 0] = rng.choice([-2, 2], size=COUNT)
    old = unit(old)
    new = old @ rng.normal(size=(OLD_DIM, NEW_DIM))
    unforeseen = unpredictable(old)
    new[unforeseen] = rng.normal(size=(unforeseen.sum(), NEW_DIM))
    noise = 0.02 * rng.normal(size=(2, COUNT, NEW_DIM))
    return {"old": np.stack([old, old]), "new": unit(unit(new) + noise)}


def unpredictable(old: np.ndarray) -> np.ndarray:
    return old[:, 0] > 0


def labels_of(views: dict[str, np.ndarray]) -> np.ndarray:
    """Four classes that an old embedding tells apart."""
    old = views["old"][0]
    return 2 * (old[:, 1] > 0) + (old[:, 2] > 0)


def row(**changes: Any) -> Transform:
    plain = {
        "old": "old",
        "new": "new",
        "trains_on": "extended_class/new",
        "modules": {"h": ["old"]},
    }
    given = plain | {"loss": "alignment", "before": NEW} | changes
    made: Transform = TypeAdapter(Transform).validate_python(given)
    return made


@pytest.fixture(scope="module")
def classifier() -> StoredClassifier:
    weight = np.random.default_rng(1).normal(size=(4, NEW_DIM)).astype(np.float32)
    return StoredClassifier(weight, [0, 1, 2, 3], 8.0)


def trained(
    chosen: Transform, views: dict[str, np.ndarray], *rest: Any, **options: Any
) -> transforms.Transforms:
    training = TRAINING.model_copy(update=options)
    return transforms.train(chosen, training, views, labels_of(views), *rest, seed=0, device=CPU)


def made_by(model: transforms.Transforms, views: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return transforms.apply(model, {name: v[0] for name, v in views.items()}, CPU)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {**FORWARD, "loss": "cl"},
        {**FORWARD, "loss": "cl_both", "after": RHO},
        {**FORWARD, "loss": "mcl", "after": RHO},
    ],
    ids=["alignment", "cl", "cl_both", "mcl"],
)
def test_a_log_variance_is_learnt_beside_the_modules_and_does_not_change_them(
    views: dict[str, np.ndarray], chosen: dict[str, Any]
) -> None:
    plain, uncertain = (
        made_by(trained(row(**chosen, **more), views), views) for more in ({}, {"uncertainty": "h"})
    )
    assert uncertain.pop(LOG_VARIANCE).shape == (COUNT,)
    assert list(plain) == list(uncertain) == list(row(**chosen).modules)
    for name, made in plain.items():
        np.testing.assert_array_equal(made, uncertain[name])


def test_a_log_variance_does_not_change_what_it_is_predicted_from(
    views: dict[str, np.ndarray],
) -> None:
    chosen = row(modules={"g": ["old"], "h": ["g"]}, uncertainty="h", dim=5)
    model = transforms.Transforms(chosen, TRAINING, {"old": OLD_DIM, "new": NEW_DIM})
    known = model({name: torch.from_numpy(v[0]) for name, v in views.items()})
    predicted = model.log_variance(known)
    assert predicted is not None
    predicted.sum().backward()
    assert all(p.grad is None for p in model.networks.parameters())
    assert model.predictor is not None
    assert all(p.grad is not None for p in model.predictor.parameters())


@pytest.mark.parametrize("loss", ["alignment", "fastfill"])
def test_it_predicts_which_items_will_be_far_off(
    views: dict[str, np.ndarray], classifier: StoredClassifier, loss: str
) -> None:
    options = {"class_weight": 0.0} if loss == "fastfill" else {}
    chosen = row(loss=loss, uncertainty="h", **options)
    made = made_by(trained(chosen, views, classifier, steps=480), views)
    predicted = made[LOG_VARIANCE]
    errors = ((made["h"] - views["new"][0]) ** 2).sum(1)
    far = unpredictable(views["old"][0])
    assert errors[far].mean() > 2 * errors[~far].mean()
    # The best prediction is the logarithm of the expected error.
    assert predicted[far].mean() == pytest.approx(np.log(errors[far].mean()), abs=0.2)
    assert predicted[~far].mean() < predicted[far].mean() - 2


def test_fastfill_trains_its_module_and_its_log_variance(
    views: dict[str, np.ndarray], classifier: StoredClassifier
) -> None:
    chosen = row(loss="fastfill", uncertainty="h")
    torch.manual_seed(0)  # as `train` seeds the weights
    start = transforms.Transforms(chosen, TRAINING, {"old": OLD_DIM, "new": NEW_DIM})
    after = dict(trained(chosen, views, classifier).named_parameters())
    assert {name.partition(".")[0] for name in after} == {"networks", "predictor"}
    for name, weight in start.named_parameters():
        assert not torch.equal(weight, after[name]), name


def test_class_weight_draws_h_towards_its_class(
    views: dict[str, np.ndarray], classifier: StoredClassifier
) -> None:
    cosines = []
    for class_weight in (0.0, 1.0, 10.0):
        chosen = row(loss="fastfill", uncertainty="h", class_weight=class_weight)
        made = made_by(trained(chosen, views, classifier, steps=160), views)["h"]
        cosines.append((made * unit(classifier.weight)[labels_of(views)]).sum(1).mean())
    assert cosines[0] < cosines[1] < cosines[2]


def test_separate_trains_the_querys_module_on_the_system_after_alone(
    views: dict[str, np.ndarray],
) -> None:
    both = {**FORWARD, "loss": "cl_both", "after": RHO}
    # What rho becomes without any system before.
    alone = made_by(trained(row(modules={"rho": ["new"]}, loss="cl", before=RHO), views), views)
    together, apart = (
        made_by(trained(row(**both, separate=separate), views), views) for separate in (False, True)
    )
    np.testing.assert_allclose(apart["rho"], alone["rho"], atol=1e-5)
    assert np.abs(together["rho"] - alone["rho"]).max() > 0.05


def test_separate_still_trains_the_gallerys_module(views: dict[str, np.ndarray]) -> None:
    chosen = row(**FORWARD, loss="cl_both", after=RHO, separate=True)
    torch.manual_seed(0)
    start = transforms.Transforms(chosen, TRAINING, {"old": OLD_DIM, "new": NEW_DIM})
    after = dict(trained(chosen, views).named_parameters())
    assert not torch.equal(start.networks["h"][0].weight, after["networks.h.0.weight"])


def test_what_is_applied_does_not_depend_on_the_batch(
    views: dict[str, np.ndarray], classifier: StoredClassifier
) -> None:
    model = trained(row(loss="fastfill", uncertainty="h"), views, classifier)
    stored = {name: v[0] for name, v in views.items()}
    whole = transforms.apply(model, stored, CPU)
    assert list(whole) == ["h", LOG_VARIANCE]
    for name, made in transforms.apply(model, stored, CPU, batch_size=100).items():
        np.testing.assert_allclose(made, whole[name], atol=1e-5)


def test_fastfill_needs_a_classifier_of_every_class(
    views: dict[str, np.ndarray], classifier: StoredClassifier
) -> None:
    chosen = row(loss="fastfill", uncertainty="h")
    assert needs_classifier(chosen)
    assert not needs_classifier(row(uncertainty="h"))
    with pytest.raises(InputError, match=r"^fastfill: expected a classifier"):
        trained(chosen, views)
    partial = StoredClassifier(classifier.weight[[0, 2]], [0, 2], classifier.scale)
    message = r"^classifier: expected all 4 classes that are trained on, got one that lacks 2"
    with pytest.raises(InputError, match=message):
        trained(chosen, views, partial)


def test_training_in_another_process_gives_the_same_bytes(
    views: dict[str, np.ndarray], classifier: StoredClassifier
) -> None:
    chosen = row(loss="fastfill", uncertainty="h")
    own = made_by(trained(chosen, views, classifier), views)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        made = pool.submit(
            transforms.train, chosen, TRAINING, views, labels_of(views), classifier,
            seed=0, device=CPU,
        ).result()  # fmt: skip
    for name, values in made_by(made, views).items():
        np.testing.assert_array_equal(values, own[name])
