"""What each loss of params.yaml is made of, and whom it asks."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import TypeAdapter
from torch import Tensor

from backfill.encoders import objectives
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.model import Encoder
from backfill.encoders.objectives import OBJECTIVES, Batch, Objective
from backfill.encoders.objectives.nt_xent import SelfSupervised
from backfill.encoders.objectives.regularised import Regularised
from backfill.encoders.teacher import Teacher
from backfill.errors import InputError
from backfill.losses import compatible
from backfill.losses.distillation import (
    distillation,
    focal_distillation,
    focal_feature_distillation,
)
from backfill.losses.nt_xent import nt_xent
from backfill.params.networks import ResNet
from backfill.params.rows.encoders import CompatibleRow
from backfill.params.rows.encoders import Encoder as Row
from backfill.params.settings import Augment

DIM, COUNT = 6, 20
AUGMENT = Augment(crop_padding=1, flip=False)
LABELS = np.random.default_rng(0).permutation(np.repeat([3, 5, 8, 9], [2, 3, 5, 10]))
CLASSES = [3, 5, 8, 9]
NETWORK = ResNet(family="resnet", blocks=[1], width=4, embedding_dim=DIM)
RNG = np.random.default_rng(1)


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


# The old encoder knows classes 8, 4 and 5, in this order; one view, so that nothing is drawn.
TEACHER = Teacher(
    unit(RNG.normal(size=(1, COUNT, DIM))),
    StoredClassifier(RNG.normal(size=(3, DIM)).astype(np.float32), [8, 4, 5], 10.0),
)


def row(loss: str, **settings: Any) -> Row:
    settings = {"loss": loss, "trains_on": "s/new", "seeds": [0]} | settings
    if loss not in ("classification", "nt_xent"):
        settings["teacher"] = "old"
    made: Row = TypeAdapter(Row).validate_python(settings)
    return made


ALL = np.arange(COUNT)


def built(
    loss: str, teacher: Teacher = TEACHER, items: np.ndarray = ALL, **settings: Any
) -> Objective:
    torch.manual_seed(0)
    return objectives.build(
        row(loss, **settings), AUGMENT, DIM, CLASSES, LABELS, items, teacher=lambda name: teacher
    )


@pytest.fixture
def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(NETWORK, 1, CLASSES, 16.0)


@pytest.fixture
def batch() -> Batch:
    rows = torch.tensor([0, 4, 7, 11, 12, 13, 19])
    targets = torch.from_numpy(np.searchsorted(CLASSES, LABELS))[rows]
    return Batch(torch.zeros(7, 1, 8, 8, dtype=torch.uint8), targets, rows)


@pytest.fixture
def embeddings() -> Tensor:
    """Of the batch; not of unit length."""
    generator = torch.Generator().manual_seed(2)
    return (3 * torch.randn(7, DIM, generator=generator)).requires_grad_()


def loss_of(objective: Objective, encoder: Encoder, embeddings: Tensor, batch: Batch) -> Tensor:
    return objective(encoder, embeddings, batch, torch.Generator().manual_seed(5))


def own_cross_entropy(encoder: Encoder, embeddings: Tensor, batch: Batch) -> Tensor:
    assert encoder.classifier is not None
    cosines = F.cosine_similarity(embeddings[:, None], encoder.classifier.weight[None], dim=2)
    return F.cross_entropy(16 * cosines, batch.targets)


def old(batch: Batch) -> Tensor:
    return torch.from_numpy(TEACHER.views[0])[batch.rows]


def test_only_compatible_losses_ask_for_a_teacher() -> None:
    def nobody(name: str) -> Teacher:
        raise AssertionError(f"asked for {name}")

    for loss in OBJECTIVES:
        chosen = row(loss)
        if isinstance(chosen, CompatibleRow):
            with pytest.raises(AssertionError, match="asked for old"):
                objectives.build(chosen, AUGMENT, DIM, CLASSES, LABELS, ALL, teacher=nobody)
        else:
            objectives.build(chosen, AUGMENT, DIM, CLASSES, LABELS, ALL, teacher=nobody)


def test_classification_is_the_classifiers_cross_entropy(
    encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    got = loss_of(built("classification"), encoder, embeddings, batch)
    torch.testing.assert_close(got, own_cross_entropy(encoder, embeddings, batch))


@pytest.mark.parametrize("loss", sorted(set(OBJECTIVES) - {"nt_xent"}))
def test_smoothed_labels_spread_over_all_classes_under_every_loss(
    encoder: Encoder, embeddings: Tensor, batch: Batch, loss: str
) -> None:
    def value(smoothing: float) -> Tensor:
        torch.manual_seed(0)
        objective = objectives.build(
            row(loss), AUGMENT, DIM, CLASSES, LABELS, ALL, lambda name: TEACHER, smoothing
        )
        return loss_of(objective, encoder, embeddings, batch)

    def change(weight: Tensor, scale: float) -> Tensor:
        """What smoothing by 0.2 adds to the cross-entropy of a cosine classifier."""
        scores = scale * F.cosine_similarity(embeddings[:, None], weight[None], dim=2)
        right = scores.gather(1, batch.targets[:, None])
        return 0.2 * (right - scores.mean(1, keepdim=True)).mean()

    assert encoder.classifier is not None
    expected = change(encoder.classifier.weight, 16.0)
    if loss in ("bct", "bct_ract"):
        expected = expected + change(TEACHER.weight_for(CLASSES, LABELS, ALL), 10.0)
    torch.testing.assert_close(value(0.2) - value(0.0), expected, rtol=1e-4, atol=1e-5)


def test_bct_adds_the_old_classifiers_cross_entropy(
    encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    weight = TEACHER.weight_for(CLASSES, LABELS, ALL)
    cosines = F.cosine_similarity(embeddings[:, None], weight[None], dim=2)
    expected = own_cross_entropy(encoder, embeddings, batch) + 0.7 * F.cross_entropy(
        10 * cosines, batch.targets
    )
    objective = built("bct", bct_weight=0.7)
    torch.testing.assert_close(loss_of(objective, encoder, embeddings, batch), expected)
    # The old classifier is fixed.
    assert list(objective.parameters()) == []


@pytest.mark.parametrize(
    ("loss", "settings"),
    [
        ("vanilla", {"temperature": 0.2}),
        ("ract", {"temperature": 0.2}),
        ("ract", {"temperature": 0.2, "temperature_new": 0.4}),
        ("ract", {"temperature": 0.2, "hardest": 2}),
        ("vanilla", {"temperature": 0.2, "hardest": 1}),
        ("bct_ract", {"temperature": 0.2, "hardest": 2, "bct_weight": 0.6}),
        ("ract_split", {"temperature": 0.2, "temperature_new": 0.4, "eta": 0.3}),
        ("triplet", {"margin": 0.5}),
        ("ract_triplet", {"margin": 0.5}),
        ("triplet", {"margin": 0.5, "hardest": 2}),
        ("ract_triplet", {"margin": 0.5, "hardest": 1, "distance": "euclidean"}),
        ("bct_ract", {"temperature": 0.2, "bct_weight": 0.6}),
    ],
)
def test_a_compatible_loss_is_added_to_its_base(
    loss: str, settings: dict[str, Any], encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    labels, stored = batch.targets, old(batch)
    tau = settings.get("temperature")
    tau_new = settings.get("temperature_new", tau)
    hardest = settings.get("hardest")
    both = {"temperature": tau, "temperature_new": tau_new, "hardest": hardest}
    hinge = {
        "margin": settings.get("margin"),
        "hardest": hardest,
        "euclidean": settings.get("distance") == "euclidean",
    }
    terms = {
        "vanilla": lambda *x: compatible.vanilla(*x, temperature=tau, hardest=hardest),
        "ract": lambda *x: compatible.regression_alleviating(*x, **both),
        "ract_split": lambda *x: compatible.regression_alleviating_split(
            *x, eta=settings["eta"], **both
        ),
        "triplet": lambda *x: compatible.triplet(*x, **hinge),
        "ract_triplet": lambda *x: compatible.triplet_regression_alleviating(*x, **hinge),
        "bct_ract": lambda *x: compatible.regression_alleviating(*x, **both),
    }
    base = built("bct", bct_weight=0.6) if loss == "bct_ract" else built("classification")
    expected = loss_of(base, encoder, embeddings, batch) + 0.3 * terms[loss](
        embeddings, stored, stored, labels
    )
    objective = built(loss, loss_weight=0.3, **settings)
    torch.testing.assert_close(loss_of(objective, encoder, embeddings, batch), expected)


@pytest.mark.parametrize(
    ("loss", "base"),
    [
        ("vanilla", "classification"),
        ("ract", "classification"),
        ("triplet", "classification"),
        ("bct_ract", "bct"),
        ("focal_distillation", "classification"),
        ("lwf", "classification"),
    ],
)
def test_no_weight_leaves_the_base(
    loss: str, base: str, encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    values = [
        loss_of(objective, encoder, embeddings, batch)
        for objective in (built(loss, loss_weight=0.0), built(base))
    ]
    torch.testing.assert_close(*values, rtol=0, atol=0)
    gradients = [torch.autograd.grad(value, embeddings)[0] for value in values]
    torch.testing.assert_close(*gradients)


Seen = list[dict[str, Tensor]]


def recorded(objective: Objective) -> Seen:
    """What the objective calls its compatible loss with, from now on."""
    calls: Seen = []

    def record(new: Tensor, old: Tensor, positive: Tensor, labels: Tensor) -> Tensor:
        calls.append({"new": new, "old": old, "positive": positive, "labels": labels})
        return new.sum() * 0

    assert isinstance(objective, Regularised)
    objective.term = record
    return calls


def telling(views: int) -> Teacher:
    """A teacher whose embeddings say of which view and item they are."""
    both = np.zeros((views, COUNT, views + COUNT), np.float32)
    for view in range(views):
        for item in range(COUNT):
            both[view, item, [view, views + item]] = 1
    return Teacher(both, TEACHER.classifier)


def test_an_items_positive_is_its_own_old_embedding(
    encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    objective = built("vanilla", telling(2))
    seen = recorded(objective)
    loss_of(objective, encoder, embeddings, batch)
    torch.testing.assert_close(seen[0]["positive"], seen[0]["old"])
    torch.testing.assert_close(seen[0]["old"][:, 2:].argmax(1), batch.rows)
    torch.testing.assert_close(seen[0]["labels"], batch.targets)
    assert seen[0]["new"] is embeddings


def test_the_pre_sampler_draws_every_item_of_the_class_and_no_other(
    encoder: Encoder,
) -> None:
    objective = built("vanilla", telling(2), positives="class")
    seen = recorded(objective)
    rows = torch.arange(COUNT)
    batch = Batch(torch.zeros(COUNT), torch.from_numpy(np.searchsorted(CLASSES, LABELS)), rows)
    generator = torch.Generator().manual_seed(0)
    drawn: dict[int, set[int]] = {item: set() for item in range(COUNT)}
    views = set()
    for _ in range(120):
        objective(encoder, torch.randn(COUNT, DIM), batch, generator)
        positive = seen[-1]["positive"]
        views |= set(positive[:, :2].argmax(1).tolist())
        torch.testing.assert_close(seen[-1]["old"][:, 2:].argmax(1), rows)
        for item, other in enumerate(positive[:, 2:].argmax(1).tolist()):
            drawn[item].add(other)
    for item, others in drawn.items():
        assert others == set(np.flatnonzero(LABELS[item] == LABELS))
    assert views == {0, 1}


@pytest.mark.parametrize("loss", ["vanilla", "ract", "triplet"])
def test_the_pre_sampler_draws_within_the_allocation(loss: str, encoder: Encoder) -> None:
    """A positive that the encoder does not train on would leak images of another allocation."""
    items = np.sort(np.random.default_rng(0).permutation(COUNT)[:12])
    classes = np.unique(LABELS[items]).tolist()
    assert len(classes) > 1
    objective = objectives.build(
        row(loss, positives="class"), AUGMENT, DIM, classes, LABELS, items,
        teacher=lambda name: telling(1),
    )  # fmt: skip
    seen = recorded(objective)
    assert isinstance(objective, Regularised)
    objective.base = built("classification")
    rows = torch.from_numpy(items)
    batch = Batch(torch.zeros(12), torch.from_numpy(np.searchsorted(CLASSES, LABELS))[rows], rows)
    generator = torch.Generator().manual_seed(0)
    drawn: set[int] = set()
    for _ in range(60):
        objective(encoder, torch.randn(12, DIM), batch, generator)
        positives = seen[-1]["positive"][:, 1:].argmax(1)
        np.testing.assert_array_equal(LABELS[positives], LABELS[items])
        drawn |= set(positives.tolist())
    assert drawn == set(items.tolist())


def test_bct_takes_missing_classes_from_the_allocation(encoder: Encoder) -> None:
    items = np.array([next(i for i in range(COUNT) if LABELS[i] == label) for label in CLASSES])
    objective = built("bct", items=items)
    expected = torch.from_numpy(TEACHER.views[0, items[0]])  # of class 3, which old lacks
    torch.testing.assert_close(objective.get_buffer("old_weight")[0], expected)


def test_bct_ract_of_classes_is_one_softmax_in_place_of_bcts(
    encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    weight = TEACHER.weight_for(CLASSES, LABELS, ALL)
    by_old = 10 * F.cosine_similarity(embeddings[:, None], weight[None], dim=2)
    assert encoder.classifier is not None
    by_new = encoder.classifier(embeddings)
    term = compatible.class_level(by_new, by_old, batch.targets)
    expected = own_cross_entropy(encoder, embeddings, batch) + 0.6 * term
    objective = built("bct_ract", reading="classes", bct_weight=0.6)
    torch.testing.assert_close(loss_of(objective, encoder, embeddings, batch), expected)


def test_focal_distillation_of_features_asks_the_new_classifier_who_is_right(
    encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    assert encoder.classifier is not None
    right = encoder.classifier(embeddings).argmax(1) == batch.targets
    assert 0 < right.sum() < len(right)
    term = focal_feature_distillation(embeddings, old(batch), right, base=1.0, focus=4.0)
    expected = own_cross_entropy(encoder, embeddings, batch) + 0.5 * term
    # No class has to be known to both.
    stranger = StoredClassifier(TEACHER.classifier.weight, [70, 71, 72], 10.0)
    objective = built(
        "focal_distillation", Teacher(TEACHER.views, stranger),
        reading="features", focus=4.0, loss_weight=0.5,
    )  # fmt: skip
    torch.testing.assert_close(loss_of(objective, encoder, embeddings, batch), expected)


def test_focal_distillation_compares_the_classes_that_both_know(
    encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    objective = built("focal_distillation", temperature=2.0, focus=4.0, loss_weight=0.5)
    assert encoder.classifier is not None
    new = encoder.classifier(embeddings)
    before = torch.from_numpy(TEACHER.classifier.scores(old(batch).numpy()))
    labels = torch.from_numpy(LABELS)[batch.rows]
    right = torch.tensor([8, 4, 5])[before.argmax(1)] == labels
    assert 0 < right.sum() < len(right)
    term = focal_distillation(
        torch.stack([new[:, 1], new[:, 2]], 1),  # classes 5 and 8 of the new encoder
        torch.stack([before[:, 2], before[:, 0]], 1),  # and of the old
        right,
        temperature=2.0,
        base=1.0,
        focus=4.0,
    )
    expected = own_cross_entropy(encoder, embeddings, batch) + 0.5 * term
    torch.testing.assert_close(loss_of(objective, encoder, embeddings, batch), expected)


def test_focal_distillation_needs_a_shared_class_and_lwf_none() -> None:
    stranger = StoredClassifier(TEACHER.classifier.weight, [70, 71, 72], 10.0)
    teacher = Teacher(TEACHER.views, stranger)
    with pytest.raises(InputError, match="expected classes that both encoders know for focal"):
        built("focal_distillation", teacher)
    built("lwf", teacher)


def test_lwf_trains_a_second_head_from_the_old_classifier(
    encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    objective = built("lwf", temperature=2.0, loss_weight=0.5)
    (head,) = objective.parameters()
    np.testing.assert_array_equal(head.detach().numpy(), TEACHER.classifier.weight)
    before = torch.from_numpy(TEACHER.classifier.scores(old(batch).numpy()))
    as_old = 10 * F.cosine_similarity(
        embeddings[:, None], torch.from_numpy(TEACHER.classifier.weight)[None], dim=2
    )
    term = distillation(as_old, before, temperature=2.0)
    expected = own_cross_entropy(encoder, embeddings, batch) + 0.5 * term
    value = loss_of(objective, encoder, embeddings, batch)
    torch.testing.assert_close(value, expected)
    value.backward()
    assert head.grad is not None
    assert head.grad.abs().sum() > 0
    # What is learnt stays with the objective: the old classifier is as it was.
    with torch.no_grad():
        head.add_(1.0)
    assert not np.array_equal(head.detach().numpy(), TEACHER.classifier.weight)


def test_a_frozen_head_of_lwf_is_the_old_classifier_and_stays(
    encoder: Encoder, embeddings: Tensor, batch: Batch
) -> None:
    frozen = built("lwf", temperature=2.0, head="frozen")
    trained = built("lwf", temperature=2.0)
    values = [loss_of(objective, encoder, embeddings, batch) for objective in (frozen, trained)]
    torch.testing.assert_close(*values)  # at the start
    assert [p.requires_grad for p in frozen.parameters()] == [False]
    values[0].backward()
    assert embeddings.grad is not None


def test_self_supervision_compares_two_views_and_no_class(encoder: Encoder, batch: Batch) -> None:
    objective = built("nt_xent", temperature=0.3)
    images = torch.randint(0, 256, (7, 1, 8, 8), dtype=torch.uint8)
    views = objective.views(images, torch.Generator().manual_seed(0))
    assert views.shape == (14, 1, 8, 8)
    assert not torch.equal(views[:7], views[7:])
    both = torch.randn(14, DIM, generator=torch.Generator().manual_seed(0))
    assert isinstance(objective, SelfSupervised)
    first, second = objective.projection(both).chunk(2)
    expected = nt_xent(first, second, 0.3)
    torch.testing.assert_close(loss_of(objective, encoder, both, batch), expected)
    shuffled = batch._replace(targets=batch.targets.flip(0))
    torch.testing.assert_close(loss_of(objective, encoder, both, shuffled), expected)
