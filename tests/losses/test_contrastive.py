"""Each loss against a plain loop over its equation, gradients included."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from backfill.losses.alignment import alignment
from backfill.losses.contrastive import contrastive, metric_compatible
from backfill.losses.distance import hardest_half, squared_distances
from backfill.losses.nt_xent import nt_xent
from backfill.losses.registry import TRANSFORM_LOSSES, Pair, Step
from backfill.params.rows.transforms import ContrastiveBoth
from backfill.params.settings import TransformTraining

LABELS = torch.tensor([0, 1, 0, 2, 1, 0, 3])  # class 3 has no second example


def embeddings(count: int, dim: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator, dtype=torch.float64, requires_grad=True)


def distance(a: Tensor, b: Tensor) -> Tensor:
    return ((a / a.norm() - b / b.norm()) ** 2).sum()


def same_value_and_gradients(
    ours: Callable[[], Tensor], loop: Callable[[], Tensor], inputs: list[Tensor]
) -> None:
    assert ours().item() == pytest.approx(loop().item(), rel=1e-10)
    expected = torch.autograd.grad(loop(), inputs)
    for got, want in zip(torch.autograd.grad(ours(), inputs), expected, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-10)


def kept(distances: dict[int, Tensor], mining: bool, farthest: bool) -> list[Tensor]:
    """The distances that a loop over candidates keeps."""
    values = sorted(distances.values(), key=lambda d: d.item(), reverse=farthest)
    return values[: math.ceil(len(values) / 2)] if mining else values


def sums(
    query: Tensor, gallery: Tensor, i: int, tau: float, mining: bool, include_self: bool
) -> tuple[Tensor, Tensor]:
    positives, negatives = {}, {}
    for k in range(len(LABELS)):
        d = distance(query[i], gallery[k])
        if LABELS[k] != LABELS[i]:
            negatives[k] = d
        elif k != i or include_self:
            positives[k] = d
    zero = torch.zeros((), dtype=torch.float64)
    return (
        sum((torch.exp(-d / tau) for d in kept(positives, mining, True)), zero),
        sum((torch.exp(-d / tau) for d in kept(negatives, mining, False)), zero),
    )


@pytest.mark.parametrize("mining", [False, True])
@pytest.mark.parametrize("tau", [1.0, 0.1])
def test_contrastive_is_equation_10(mining: bool, tau: float) -> None:
    query, gallery = embeddings(7, 5, 0), embeddings(7, 5, 1)

    def loop() -> Tensor:
        terms = []
        for i in range(7):
            p, n = sums(query, gallery, i, tau, mining, include_self=True)
            terms.append(-torch.log(p / (p + n)))
        return torch.stack(terms).mean()

    same_value_and_gradients(
        lambda: contrastive(query, gallery, LABELS, temperature=tau, mining=mining),
        loop,
        [query, gallery],
    )


@pytest.mark.parametrize("mining", [False, True])
def test_cl_both_is_equation_10_of_both_systems(mining: bool) -> None:
    psi, old, rho = embeddings(7, 5, 0), embeddings(7, 5, 1), embeddings(7, 3, 2)
    training = TransformTraining(
        depth=1, width=1, steps=1, batch_size=7, learning_rate=1.0, weight_decay=0.0,
        temperature=0.3, mining=mining, views="same",
    )  # fmt: skip
    row = ContrastiveBoth.model_validate(
        {"loss": "cl_both", "old": "old", "new": "new", "trains_on": "s/new",
         "modules": {"rho": ["new"], "psi": ["rho"]},
         "before": {"query": "psi", "gallery": "old"},
         "after": {"query": "rho", "gallery": "rho"}}
    )  # fmt: skip
    systems = {"before": Pair(psi, old), "after": Pair(rho, rho)}

    def loop() -> Tensor:
        terms = []
        for i in range(7):
            for query, gallery in ((psi, old), (rho, rho)):
                p, n = sums(query, gallery, i, 0.3, mining, include_self=True)
                terms.append(-torch.log(p / (p + n)))
        return torch.stack(terms).sum() / 7

    same_value_and_gradients(
        lambda: TRANSFORM_LOSSES["cl_both"](Step(row, training, systems, LABELS)),
        loop,
        [psi, old, rho],
    )


@pytest.mark.parametrize("mining", [False, True])
@pytest.mark.parametrize("tau", [1.0, 0.1])
def test_metric_compatible_is_equation_11(mining: bool, tau: float) -> None:
    # The two systems need not have the same dimension.
    psi, old, rho = embeddings(7, 5, 0), embeddings(7, 5, 1), embeddings(7, 3, 2)

    def loop() -> Tensor:
        old_terms, new_terms = [], []
        for i in range(7):
            p_old, n_old = sums(psi, old, i, tau, mining, include_self=True)
            p_new, n_new = sums(rho, rho, i, tau, mining, include_self=False)
            old_terms.append(-torch.log(p_old / (p_old + n_old + n_new)))
            if int((LABELS[i] == LABELS).sum()) > 1:
                new_terms.append(-torch.log(p_new / (p_new + n_new + n_old)))
        return torch.stack(old_terms).mean() + torch.stack(new_terms).mean()

    same_value_and_gradients(
        lambda: metric_compatible((psi, old), (rho, rho), LABELS, temperature=tau, mining=mining),
        loop,
        [psi, old, rho],
    )


def test_metric_compatible_without_any_second_example_is_finite() -> None:
    rho = embeddings(3, 4, 0)
    loss = metric_compatible((rho, rho), (rho, rho), torch.arange(3), temperature=0.1, mining=False)
    assert torch.isfinite(loss)
    assert torch.isfinite(torch.autograd.grad(loss, rho)[0]).all()


def test_alignment_is_equation_9() -> None:
    psi, old = embeddings(7, 5, 0), embeddings(7, 5, 1)
    same_value_and_gradients(
        lambda: alignment(psi, old),
        lambda: torch.stack([distance(psi[i], old[i]) for i in range(7)]).mean(),
        [psi, old],
    )


def test_nt_xent_is_the_equation_of_simclr() -> None:
    first, second = embeddings(4, 6, 0), embeddings(4, 6, 1)

    def loop() -> Tensor:
        both = torch.cat([first, second])
        terms = []
        for i in range(8):

            def s(k: int, i: int = i) -> Tensor:
                return torch.exp(torch.cosine_similarity(both[i], both[k], dim=0) / 0.5)

            partner = (i + 4) % 8
            others = torch.stack([s(k) for k in range(8) if k != i])
            terms.append(-torch.log(s(partner) / others.sum()))
        return torch.stack(terms).mean()

    same_value_and_gradients(lambda: nt_xent(first, second, 0.5), loop, [first, second])


def test_squared_distances_are_two_minus_two_cosines() -> None:
    a, b = embeddings(3, 5, 0), embeddings(4, 5, 1)
    got = squared_distances(a, b)
    for i in range(3):
        for k in range(4):
            assert float(got[i, k]) == pytest.approx(float(distance(a[i], b[k])))


def test_hardest_half_rounds_up_and_copes_with_none() -> None:
    distances = torch.tensor([[0.3, 0.1, 0.2, 0.9], [0.3, 0.1, 0.2, 0.9]])
    candidates = torch.tensor([[True, True, True, False], [False] * 4])
    near = hardest_half(distances, candidates, farthest=False)
    far = hardest_half(distances, candidates, farthest=True)
    assert near.tolist() == [[False, True, True, False], [False] * 4]
    assert far.tolist() == [[True, False, True, False], [False] * 4]
