"""FastFill's terms against plain loops over their equations in float64, gradients included."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from backfill.encoders.classifier import StoredClassifier
from backfill.losses.fastfill import point_to_class
from backfill.losses.registry import TRANSFORM_LOSSES, Pair, Step, TargetClasses
from backfill.losses.uncertainty import under_uncertainty
from backfill.params.base import SystemSets
from backfill.params.rows.transforms import FastFill
from backfill.params.settings import TransformTraining
from backfill.transforms.modules import Transforms

SCALE = 3.0
CLASSES = [2, 5, 9]  # labels of the classifier's rows
LABELS = torch.tensor([9, 2, 2, 5, 9])
ROWS = torch.tensor([CLASSES.index(label) for label in LABELS.tolist()])


def random(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.fixture
def made() -> Tensor:
    """What h makes of five old embeddings."""
    return random(5, 4, seed=0).requires_grad_()


@pytest.fixture
def log_variance() -> Tensor:
    return random(5, seed=1).requires_grad_()


@pytest.fixture
def weight() -> Tensor:
    """The rows of a classifier, of any length."""
    return random(3, 4, seed=2)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum() / (a.square().sum().sqrt() * b.square().sum().sqrt())


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    return (a / a.square().sum().sqrt() - b / b.square().sum().sqrt()).square().sum()


def cross_entropy(item: Tensor, row: Tensor, weight: Tensor) -> Tensor:
    powers = [torch.exp(SCALE * cosine(item, w)) for w in weight]
    return -torch.log(powers[int(row)] / torch.stack(powers).sum())


def same(ours: Tensor, loop: Tensor, inputs: list[Tensor]) -> None:
    torch.testing.assert_close(ours, loop, rtol=1e-10, atol=1e-12)
    got, want = (torch.autograd.grad(v.sum(), inputs, retain_graph=True) for v in (ours, loop))
    for ours_by, loop_by in zip(got, want, strict=True):
        torch.testing.assert_close(ours_by, loop_by, rtol=1e-8, atol=1e-10)
        assert ours_by.abs().sum() > 0


def test_point_to_class_is_the_cross_entropy_of_cosines(made: Tensor, weight: Tensor) -> None:
    units = weight / weight.square().sum(1, keepdim=True).sqrt()
    loop = torch.stack([cross_entropy(made[i], ROWS[i], weight) for i in range(5)])
    same(point_to_class(made, ROWS, units, SCALE), loop, [made])
    assert torch.autograd.gradcheck(lambda x: point_to_class(x, ROWS, units, SCALE), made)


def test_an_error_under_uncertainty_is_equation_8_of_kendall_and_gal(log_variance: Tensor) -> None:
    errors = random(5, seed=3).square().requires_grad_()
    loop = torch.stack([errors[i] / torch.exp(log_variance[i]) + log_variance[i] for i in range(5)])
    same(under_uncertainty(errors, log_variance), loop.mean(), [errors, log_variance])
    assert torch.autograd.gradcheck(under_uncertainty, (errors, log_variance))


@pytest.mark.parametrize("error", [0.01, 1.0, 30.0])
def test_the_best_log_variance_is_that_of_the_error(error: float) -> None:
    errors = torch.full((2,), error, dtype=torch.float64)
    best = errors.log().requires_grad_()
    value = under_uncertainty(errors, best)
    assert value.item() == pytest.approx(1 + math.log(error))
    assert torch.autograd.grad(value, best)[0].abs().max() < 1e-12
    for shift in (-0.1, 0.1):
        assert under_uncertainty(errors, best + shift) > value


TRAINING = TransformTraining(
    form="layers", depth=2, width=6, steps=1, batch_size=5, learning_rate=0.1, weight_decay=0.0,
    temperature=1.0, mining=False, views="same",
)  # fmt: skip


def model_of(class_weight: float) -> tuple[Transforms, FastFill]:
    row = FastFill(
        old="old", new="new", trains_on="extended_class/new",
        modules={"h": ["old"]}, loss="fastfill",
        before=SystemSets(query="new", gallery="h"), uncertainty="h", class_weight=class_weight,
    )  # fmt: skip
    torch.manual_seed(0)
    return Transforms(row, TRAINING, {"old": 3, "new": 4}).double(), row


def loss_of(
    model: Transforms,
    row: FastFill,
    before: tuple[Tensor, Tensor],
    known: dict[str, Tensor],
    classes: TargetClasses,
) -> Tensor:
    """As training computes it."""
    systems = {"before": Pair(*before)}
    step = Step(row, TRAINING, systems, LABELS, model.log_variance(known), classes)
    return TRANSFORM_LOSSES["fastfill"](step)


@pytest.mark.parametrize("class_weight", [0.0, 0.4, 1.0])
def test_fastfill_is_both_alignments_under_one_uncertainty(
    weight: Tensor, class_weight: float
) -> None:
    model, row = model_of(class_weight)
    # The log-variance is read from the gallery's old embedding; the target is any view of the new.
    target, old = random(5, 4, seed=4), random(5, 3, seed=5)
    known = model({"old": old, "new": random(5, 4, seed=6)})
    assert model.predictor is not None
    log_variances = model.predictor(old)[:, 0]
    terms = []
    for i in range(5):
        error = squared_distance(known["h"][i], target[i])
        error = error + class_weight * cross_entropy(known["h"][i], ROWS[i], weight)
        terms.append(torch.exp(-log_variances[i]) * error + log_variances[i])
    classifier = StoredClassifier(weight.numpy(), CLASSES, SCALE)
    ours = loss_of(model, row, (target, known["h"]), known, TargetClasses.of(classifier, LABELS))
    # Without the biases before a BatchNorm, which cancel out.
    reached = [model.networks["h"][0].weight, *model.networks["h"][-1].parameters()]
    reached += [model.predictor[0].weight, *model.predictor[-1].parameters()]
    same(ours, torch.stack(terms).mean(), reached)


def test_labels_are_those_of_the_classifiers_rows(weight: Tensor) -> None:
    model, row = model_of(1.0)
    known = model({"old": random(5, 3, seed=5), "new": random(5, 4, seed=6)})
    before = random(5, 4, seed=4), known["h"]
    given = StoredClassifier(weight.numpy(), CLASSES, SCALE)
    renamed = StoredClassifier(weight.numpy(), [0, 1, 2], SCALE)
    first = loss_of(model, row, before, known, TargetClasses.of(given, LABELS))
    torch.testing.assert_close(
        loss_of(model, row, before, known, TargetClasses.of(renamed, ROWS)), first
    )
    others = torch.tensor(np.roll(LABELS.numpy(), 1))
    assert loss_of(model, row, before, known, TargetClasses.of(given, others)) != first
