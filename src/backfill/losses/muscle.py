"""A compatibility adapter's loss, carried over from MUSCLE to embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.losses.distance import unit
from backfill.losses.registry import Pair, Step, transform_loss
from backfill.losses.shapes import takes

if TYPE_CHECKING:
    from backfill.params.rows.transforms import Muscle


@takes(
    old="pair B D", new="pair B E", adapted="pair B F", labels="integers B", temperature="positive"
)
def muscle(old: Pair, new: Pair, adapted: Pair, labels: Tensor, *, temperature: float) -> Tensor:
    """Distil the old system where the new one errs, and the new one elsewhere.

    MUSCLE (Echterhoff et al., EMNLP 2024, arXiv 2407.09435) trains an adapter of a language model
    by distillation alone; for each token the teacher is the old model if the new one predicts the
    token wrongly, and the new model otherwise. Carried over to embeddings (*ours*), a prediction
    is a softmax over the other items of the batch, of cosines divided by the temperature, and the
    new system errs on an anchor whose nearest item in the batch is of another class. The loss is
    the Kullback-Leibler divergence of the adapted system's answers from the teacher's. An anchor
    without another item of its class in the batch has no right answer; its teacher is new.

    Args:
        old: (B, D1) query and gallery embeddings by the old encoder, of any length.
        new: (B, D2) by the new encoder.
        adapted: (B, D3) of the adapter; gradients flow through it alone.
        labels: (B,) classes.
        temperature: positive.

    Returns:
        Scalar, the mean over the anchors; 0 for a batch of one item.
    """
    if len(labels) < 2:
        return adapted.query.sum() * 0
    teacher = torch.where(
        old_teaches(new, labels)[:, None],
        _answers(old, temperature),
        _answers(new, temperature),
    ).detach()
    return F.kl_div(_answers(adapted, temperature), teacher, log_target=True, reduction="batchmean")


@takes(new="pair B D", labels="integers B")
def old_teaches(new: Pair, labels: Tensor) -> Tensor:
    """Whether the new system errs on an anchor, so that the old one is its teacher.

    Args:
        new: (B, D) query and gallery embeddings by the new encoder.
        labels: (B,) classes.

    Returns:
        (B,) bool.
    """
    same = labels[:, None] == labels[None, :]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    nearest = _cosines(new).masked_fill(itself, -torch.inf).argmax(1)
    return (same & ~itself).any(1) & (labels[nearest] != labels)


def _answers(system: Pair, temperature: float) -> Tensor:
    """(B, B - 1) log-probabilities of the other items of the batch."""
    others = ~torch.eye(len(system.query), dtype=torch.bool, device=system.query.device)
    scores = _cosines(system)[others].view(len(system.query), -1)
    return F.log_softmax(scores / temperature, dim=1)


def _cosines(system: Pair) -> Tensor:
    return unit(system.query) @ unit(system.gallery).T


@transform_loss("muscle")
def _of_step(step: Step[Muscle]) -> Tensor:
    systems = step.systems
    return muscle(
        systems["before"],
        systems["new"],
        step.after,
        step.labels,
        temperature=step.training.temperature,
    )
