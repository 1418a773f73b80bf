"""MUSCLE's loss against plain loops in float64: who teaches an anchor, and what it learns."""

import pytest
import torch
from torch import Tensor

from backfill.losses.muscle import muscle, old_teaches
from backfill.losses.registry import Pair

LABELS = torch.tensor([0, 1, 0, 2, 1, 0])  # the fourth item is alone in its class
COUNT = len(LABELS)


def pair(seed: int, dim: int) -> Pair:
    """Independent queries and gallery items, of any length."""
    generator = torch.Generator().manual_seed(seed)
    query, gallery = 2 * torch.randn(2, COUNT, dim, generator=generator, dtype=torch.float64)
    return Pair(query, gallery)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum() / (a.norm() * b.norm())


def answers(system: Pair, anchor: int, tau: float) -> list[Tensor]:
    """Probabilities of the other items."""
    scores = [
        torch.exp(cosine(system.query[anchor], system.gallery[k]) / tau)
        for k in range(COUNT)
        if k != anchor
    ]
    return [score / torch.stack(scores).sum() for score in scores]


def errs(system: Pair, anchor: int) -> bool:
    others = [k for k in range(COUNT) if k != anchor]
    nearest = max(others, key=lambda k: float(cosine(system.query[anchor], system.gallery[k])))
    has_right_answer = any(LABELS[k] == LABELS[anchor] for k in others)
    return bool(has_right_answer and LABELS[nearest] != LABELS[anchor])


@pytest.mark.parametrize("tau", [1.0, 0.1])
def test_it_is_the_divergence_from_the_teacher_of_each_anchor(tau: float) -> None:
    old, new, adapted = pair(0, 3), pair(1, 5), pair(2, 4)
    adapted = Pair(*(embeddings.requires_grad_() for embeddings in adapted))
    wrong = [errs(new, i) for i in range(COUNT)]
    assert 0 < sum(wrong) < COUNT  # both teachers have work
    loop = torch.zeros((), dtype=torch.float64)
    for i in range(COUNT):
        teacher = answers(old if wrong[i] else new, i, tau)
        student = answers(adapted, i, tau)
        for target, answer in zip(teacher, student, strict=True):
            loop = loop + target * torch.log(target / answer) / COUNT
    ours = muscle(old, new, adapted, LABELS, temperature=tau)
    assert ours.item() == pytest.approx(loop.item(), rel=1e-9)
    for got, want in zip(
        torch.autograd.grad(ours, adapted), torch.autograd.grad(loop, adapted), strict=True
    ):
        torch.testing.assert_close(got, want, rtol=1e-7, atol=1e-10)


def test_old_teaches_where_the_nearest_item_of_new_is_of_another_class() -> None:
    new = pair(1, 5)
    assert old_teaches(new, LABELS).tolist() == [errs(new, i) for i in range(COUNT)]
    # An item alone in its class has no right answer.
    assert not old_teaches(new, LABELS)[3]


def test_an_adapter_that_changes_nothing_learns_only_where_new_errs() -> None:
    old, new = pair(0, 5), pair(1, 5)
    adapted = Pair(new.query.clone().requires_grad_(), new.gallery)
    gradient = torch.autograd.grad(
        muscle(old, new, adapted, LABELS, temperature=0.5), adapted.query
    )[0]
    moved = gradient.norm(dim=1) > 1e-12
    assert moved.tolist() == old_teaches(new, LABELS).tolist()
    # With new as good as it can be it is its own teacher, and the loss is zero.
    axis = torch.eye(3, dtype=torch.float64)[LABELS]
    perfect = Pair(axis, axis)
    assert float(muscle(old, perfect, perfect, LABELS, temperature=0.5)) == pytest.approx(0)


def test_teachers_are_fixed() -> None:
    old, new, adapted = (Pair(*(x.requires_grad_() for x in pair(seed, 4))) for seed in range(3))
    muscle(old, new, adapted, LABELS, temperature=0.5).backward()
    assert all(x.grad is None for x in (*old, *new))
    assert all(x.grad is not None for x in adapted)


def test_a_batch_of_one_item_has_nothing_to_learn() -> None:
    one = Pair(torch.ones(1, 2, requires_grad=True), torch.ones(1, 2))
    loss = muscle(one, one, one, LABELS[:1], temperature=1.0)
    loss.backward()
    assert loss.item() == 0
