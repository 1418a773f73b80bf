"""RACT's losses against plain loops over their equations in float64, gradients included."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from backfill.losses.compatible import (
    class_level,
    regression_alleviating,
    regression_alleviating_split,
    triplet,
    triplet_regression_alleviating,
    vanilla,
)

LABELS = torch.tensor([0, 1, 0, 2, 1, 0, 3])
ONE_CLASS = torch.zeros(7, dtype=torch.int64)
COUNT = len(LABELS)


def embeddings(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(COUNT, 5, generator=generator, dtype=torch.float64, requires_grad=True)


@pytest.fixture
def items() -> list[Tensor]:
    """New and old embeddings of the batch, and the old embedding that each is to be near to."""
    return [embeddings(seed) for seed in range(3)]


def cosine(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum() / (a.square().sum().sqrt() * b.square().sum().sqrt())


def others(i: int, labels: Tensor) -> list[int]:
    return [k for k in range(COUNT) if labels[k] != labels[i]]


Term = Callable[[int, list[Tensor], Tensor], Tensor]
ZERO = torch.zeros((), dtype=torch.float64)


def eq_5(i: int, items: list[Tensor], labels: Tensor, tau: float = 0.3) -> Tensor:
    new, old, positive = items
    near = torch.exp(cosine(new[i], positive[i]) / tau)
    far = sum((torch.exp(cosine(new[i], old[k]) / tau) for k in others(i, labels)), ZERO)
    return -torch.log(near / (near + far))


def eq_6_nearest(
    i: int, items: list[Tensor], labels: Tensor, tau: float, tau_new: float, hardest: int
) -> Tensor:
    new, old, positive = items
    near = torch.exp(cosine(new[i], positive[i]) / tau)
    far = ZERO
    for gallery, of_kind in ((old, tau), (new, tau_new)):
        by_cosine = sorted((cosine(new[i], gallery[k]) for k in others(i, labels)), key=Tensor.item)
        for value in by_cosine[-hardest:]:
            far = far + torch.exp(value / of_kind)
    return -torch.log(near / (near + far))


def eq_6(i: int, items: list[Tensor], labels: Tensor, tau: float, tau_new: float) -> Tensor:
    new, old, positive = items
    near = torch.exp(cosine(new[i], positive[i]) / tau)
    far = ZERO
    for k in others(i, labels):
        far = far + torch.exp(cosine(new[i], old[k]) / tau)
        far = far + torch.exp(cosine(new[i], new[k]) / tau_new)
    return -torch.log(near / (near + far))


def eq_13(
    i: int, items: list[Tensor], labels: Tensor, tau: float, tau_new: float, eta: float
) -> Tensor:
    new, _, positive = items
    near = torch.exp(cosine(new[i], positive[i]) / tau_new)
    far = sum((torch.exp(cosine(new[i], new[k]) / tau_new) for k in others(i, labels)), ZERO)
    return eq_5(i, items, labels, tau) - eta * torch.log(near / (near + far))


def eq_14(i: int, items: list[Tensor], labels: Tensor, margin: float) -> Tensor:
    new, old, positive = items
    negatives = others(i, labels)
    total = ZERO
    for k in negatives:
        short = cosine(new[i], old[k]) - cosine(new[i], positive[i]) + margin
        total = total + (short if short > 0 else ZERO)
    return total / max(1, len(negatives))


def eq_15(i: int, items: list[Tensor], labels: Tensor, margin: float) -> Tensor:
    new, _, positive = items
    return eq_14(i, items, labels, margin) + eq_14(i, [new, new, positive], labels, margin)


def released(
    i: int, items: list[Tensor], labels: Tensor, margin: float, hardest: int, euclidean: bool
) -> Tensor:
    """The hinge of the nearest negatives, by cosines or Euclidean distances."""
    new, old, positive = items

    def far(a: Tensor, b: Tensor) -> Tensor:
        between = a / a.square().sum().sqrt() - b / b.square().sum().sqrt()
        return between.square().sum().sqrt() if euclidean else -cosine(a, b)

    distances = sorted((far(new[i], old[k]) for k in others(i, labels)), key=lambda d: d.item())[
        :hardest
    ]
    near = far(new[i], positive[i])
    total = sum((torch.clamp(near - d + margin, min=0) for d in distances), ZERO)
    return total / max(1, len(distances))


def released_both(
    i: int, items: list[Tensor], labels: Tensor, margin: float, hardest: int, euclidean: bool
) -> Tensor:
    new, _, positive = items
    options = margin, hardest, euclidean
    first = released(i, items, labels, *options)
    return first + released(i, [new, new, positive], labels, *options)


Loss = Callable[..., Tensor]
CASES: list[tuple[Loss, Callable[..., Tensor], dict[str, float]]] = [
    (vanilla, eq_5, {"tau": 0.3}),
    (vanilla, eq_5, {"tau": 0.05}),
    (regression_alleviating, eq_6, {"tau": 0.3, "tau_new": 0.3}),
    (regression_alleviating, eq_6, {"tau": 0.3, "tau_new": 0.1}),
    (regression_alleviating, eq_6, {"tau": 0.05, "tau_new": 0.2}),
    (regression_alleviating, eq_6_nearest, {"tau": 0.3, "tau_new": 0.1, "hardest": 2}),
    (regression_alleviating, eq_6_nearest, {"tau": 0.05, "tau_new": 0.05, "hardest": 99}),
    (regression_alleviating_split, eq_13, {"tau": 0.3, "tau_new": 0.3, "eta": 1.0}),
    (regression_alleviating_split, eq_13, {"tau": 0.3, "tau_new": 0.1, "eta": 0.4}),
    (regression_alleviating_split, eq_13, {"tau": 0.3, "tau_new": 0.1, "eta": 0.0}),
    (triplet, eq_14, {"margin": 0.8}),
    (triplet, eq_14, {"margin": 0.0}),
    (triplet_regression_alleviating, eq_15, {"margin": 0.8}),
    (triplet_regression_alleviating, eq_15, {"margin": 0.1}),
    (triplet, released, {"margin": 0.8, "hardest": 2, "euclidean": False}),
    (triplet, released, {"margin": 0.8, "hardest": 1, "euclidean": True}),
    (triplet, released, {"margin": 0.3, "hardest": 99, "euclidean": True}),
    (
        triplet_regression_alleviating,
        released_both,
        {"margin": 0.8, "hardest": 2, "euclidean": True},
    ),
]
KEYWORDS = {"tau": "temperature", "tau_new": "temperature_new"}


def named(options: dict[str, float]) -> dict[str, float]:
    """The equation's symbols under the function's names."""
    return {KEYWORDS.get(name, name): value for name, value in options.items()}


@pytest.mark.parametrize(("loss", "equation", "options"), CASES)
def test_a_loss_is_its_equation(
    loss: Loss, equation: Callable[..., Tensor], options: dict[str, float], items: list[Tensor]
) -> None:
    ours = loss(*items, LABELS, **named(options))
    loop = torch.stack([equation(i, items, LABELS, **options) for i in range(COUNT)]).mean()
    assert ours.item() == pytest.approx(loop.item(), rel=1e-10)
    got, want = (torch.autograd.grad(v, items, allow_unused=True) for v in (ours, loop))
    for ours_by, loop_by in zip(got, want, strict=True):
        torch.testing.assert_close(ours_by, loop_by, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("loss", "equation", "options"), CASES)
def test_gradients_are_those_of_finite_differences(
    loss: Loss, equation: object, options: dict[str, float], items: list[Tensor]
) -> None:
    assert torch.autograd.gradcheck(lambda *x: loss(*x, LABELS, **named(options)), items)


@pytest.mark.parametrize(("loss", "equation", "options"), CASES)
def test_a_batch_of_one_class_has_nothing_to_contrast(
    loss: Loss, equation: object, options: dict[str, float], items: list[Tensor]
) -> None:
    value = loss(*items, ONE_CLASS, **named(options))
    assert value.item() == 0
    for gradient in torch.autograd.grad(value, items, allow_unused=True):
        assert gradient is None or (gradient == 0).all()


@pytest.mark.parametrize(("loss", "equation", "options"), CASES)
def test_lengths_do_not_matter(
    loss: Loss, equation: object, options: dict[str, float], items: list[Tensor]
) -> None:
    longer = [3 * items[0], 0.5 * items[1], 7 * items[2]]
    expected = loss(*items, LABELS, **named(options))
    torch.testing.assert_close(loss(*longer, LABELS, **named(options)), expected)


def test_each_temperature_divides_its_own_negatives() -> None:
    axis = torch.eye(4, dtype=torch.float64)
    labels = torch.tensor([0, 1])
    opposite = torch.stack([axis[0], -axis[0]])
    positive = opposite + 0.5 * axis[1]

    def change(new: Tensor, old: Tensor, positive: Tensor, **options: float) -> float:
        both = {"temperature": 0.3, "temperature_new": 0.3}
        first, second = (
            regression_alleviating(new, old, positive, labels, **chosen)
            for chosen in (both, both | options)
        )
        return abs(float(second - first))

    # New negatives as far as can be, old ones near: of the two only the old ones' tau matters.
    near_old = opposite.flip(0) + 0.8 * axis[2]
    assert change(opposite, near_old, positive, temperature_new=0.1) < 0.01
    assert change(opposite, near_old, positive, temperature=0.1) > 0.2
    # The other way round.
    same = torch.stack([axis[0], axis[0]])
    assert change(same, -same, same + 0.5 * axis[1], temperature_new=0.1) > 0.2


def test_ract_never_costs_less_than_vanilla(items: list[Tensor]) -> None:
    plain = vanilla(*items, LABELS, temperature=0.3)
    both = regression_alleviating(*items, LABELS, temperature=0.3, temperature_new=0.3)
    assert both > plain


def test_eta_weighs_the_new_negatives(items: list[Tensor]) -> None:
    none = regression_alleviating_split(
        *items, LABELS, temperature=0.3, temperature_new=0.1, eta=0.0
    )
    torch.testing.assert_close(none, vanilla(*items, LABELS, temperature=0.3))
    one, two = (
        regression_alleviating_split(*items, LABELS, temperature=0.3, temperature_new=0.1, eta=eta)
        for eta in (1.0, 2.0)
    )
    torch.testing.assert_close(two - one, one - none)
    assert one > none


def test_the_margin_is_what_a_negative_must_be_farther_by() -> None:
    axis = torch.eye(3, dtype=torch.float64)
    labels = torch.tensor([0, 1])
    new, positive = axis[:2], axis[:2]  # every positive at cosine 1
    for cos, margin, expected in [(0.0, 0.8, 0.0), (0.6, 0.8, 0.4), (0.6, 0.4, 0.0)]:
        sine = (1 - cos**2) ** 0.5
        # Item 1's old embedding is at `cos` from anchor 0, item 0's at 0 from anchor 1.
        old = torch.stack([axis[2], cos * axis[0] + sine * axis[2]])
        value = triplet(new, old, positive, labels, margin=margin)
        assert float(value) == pytest.approx(expected / 2)
        # New items are at right angles: their hinge is margin - 1 and never pays.
        both = triplet_regression_alleviating(new, old, positive, labels, margin=margin)
        assert float(both) == pytest.approx(expected / 2)
    same = torch.stack([axis[0], axis[0]])
    far = torch.stack([axis[2], axis[2]])
    both = triplet_regression_alleviating(same, far, same, labels, margin=0.8)
    assert float(both) == pytest.approx(0.8)  # the new negative at cosine 1, the old one at 0


def test_the_class_level_form_has_one_softmax_of_old_classes_and_new_wrong_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    new, old = 2 * torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)
    new.requires_grad_()
    old.requires_grad_()
    targets = torch.tensor([2, 0, 1, 1])
    loop = ZERO
    for i, right in enumerate(targets.tolist()):
        wrong = sum((torch.exp(new[i, c]) for c in range(3) if c != right), ZERO)
        every = torch.exp(old[i]).sum() + wrong
        loop = loop - torch.log(torch.exp(old[i, right]) / every) / 4
    ours = class_level(new, old, targets)
    assert ours.item() == pytest.approx(loop.item(), rel=1e-10)
    for got, want in zip(
        torch.autograd.grad(ours, [new, old]), torch.autograd.grad(loop, [new, old]), strict=True
    ):
        torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-10)
    # The new classifier's right class has no part in it: cross-entropy beside it draws to it.
    raised = new.detach().clone()
    raised[torch.arange(4), targets] += 5
    torch.testing.assert_close(class_level(raised, old, targets), ours)
