"""Distillation against plain loops over its equations in float64, gradients included."""

import math

import pytest
import torch
from torch import Tensor

from backfill.losses.distillation import (
    distillation,
    focal_distillation,
    focal_feature_distillation,
)

RIGHT = torch.tensor([True, False, True, False, False])


@pytest.fixture
def scores() -> tuple[Tensor, Tensor]:
    """(5, 4) scores of the new and of the old network."""
    generator = torch.Generator().manual_seed(0)
    new, old = 4 * torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    return new.requires_grad_(), old


def softened(scores: Tensor, tau: float) -> list[Tensor]:
    """Probabilities to the power of 1 / tau, made to sum to one again (LwF, eq. 3)."""
    total = torch.stack([torch.exp(s) for s in scores]).sum()
    powers = [(torch.exp(s) / total) ** (1 / tau) for s in scores]
    return [p / torch.stack(powers).sum() for p in powers]


def cross_entropy(new: Tensor, old: Tensor, tau: float) -> Tensor:
    answers, targets = softened(new, tau), softened(old, tau)
    return -torch.stack([t * torch.log(a) for a, t in zip(answers, targets, strict=True)]).sum()


def divergence(new: Tensor, old: Tensor, tau: float) -> Tensor:
    answers, targets = softened(new, tau), softened(old, tau)
    return torch.stack(
        [t * (torch.log(t) - torch.log(a)) for a, t in zip(answers, targets, strict=True)]
    ).sum()


def same(ours: Tensor, loop: Tensor, new: Tensor) -> None:
    assert ours.item() == pytest.approx(loop.item(), rel=1e-10)
    got, want = (torch.autograd.grad(value, new)[0] for value in (ours, loop))
    torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("tau", [1.0, 2.0, 100.0])
def test_distillation_is_equation_2_of_lwf(scores: tuple[Tensor, Tensor], tau: float) -> None:
    new, old = scores
    loop = torch.stack([cross_entropy(n, o, tau) for n, o in zip(new, old, strict=True)]).mean()
    same(distillation(new, old, temperature=tau), loop, new)
    assert torch.autograd.gradcheck(lambda x: distillation(x, old, temperature=tau), new)


@pytest.mark.parametrize("tau", [1.0, 2.0])
@pytest.mark.parametrize(("base", "focus"), [(1.0, 5.0), (0.0, 1.0), (1.0, 0.0)])
def test_focal_distillation_weighs_what_the_old_model_gets_right(
    scores: tuple[Tensor, Tensor], tau: float, base: float, focus: float
) -> None:
    new, old = scores

    def ours(new: Tensor) -> Tensor:
        return focal_distillation(new, old, RIGHT, temperature=tau, base=base, focus=focus)

    loop = torch.stack(
        [
            tau**2 * (base + focus * int(RIGHT[i])) * divergence(new[i], old[i], tau)
            for i in range(5)
        ]
    ).mean()
    same(ours(new), loop, new)
    assert torch.autograd.gradcheck(ours, new)


def test_the_same_answers_cost_nothing_but_their_entropy(scores: tuple[Tensor, Tensor]) -> None:
    old = scores[1]
    shifted = old + torch.arange(5)[:, None]  # the same probabilities
    weights = {"base": 1.0, "focus": 5.0}
    value = focal_distillation(shifted, old, RIGHT, temperature=2.0, **weights)
    assert float(value) == pytest.approx(0, abs=1e-12)
    even = torch.zeros(1, 4, dtype=torch.float64)
    assert float(distillation(even, even, temperature=2.0)) == pytest.approx(math.log(4))


def test_one_class_leaves_nothing_to_distil(scores: tuple[Tensor, Tensor]) -> None:
    new, old = scores[0][:, :1].detach(), scores[1][:, :1]
    assert float(distillation(new, old, temperature=2.0)) == 0
    assert float(focal_distillation(new, old, RIGHT, temperature=2, base=1, focus=5)) == 0


@pytest.mark.parametrize(("base", "focus"), [(1.0, 5.0), (0.0, 1.0), (1.0, 0.0)])
def test_focal_distillation_of_features_weighs_what_the_new_model_gets_right(
    base: float, focus: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    new, old = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    new.requires_grad_()
    loop = torch.zeros((), dtype=torch.float64)
    for i in range(5):
        cosine = (new[i] * old[i]).sum() / (new[i].norm() * old[i].norm())
        loop = loop + (base + focus * int(RIGHT[i])) * (2 - 2 * cosine) / 5
    ours = focal_feature_distillation(new, old, RIGHT, base=base, focus=focus)
    same(ours, loop, new)
    # Lengths do not matter.
    longer = focal_feature_distillation(3 * new, 0.5 * old, RIGHT, base=base, focus=focus)
    torch.testing.assert_close(longer, ours)
