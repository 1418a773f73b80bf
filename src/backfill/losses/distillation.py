"""Losses that make a new classifier answer as the old one does; RACT's points of comparison."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def distillation(new_scores: Tensor, old_scores: Tensor, *, temperature: float) -> Tensor:
    """Cross-entropy of the new answers under the old ones, both softened (LwF, eq. 2-3).

    Li & Hoiem, *Learning without Forgetting* (TPAMI 2018): the new network's scores for the old
    classes against those that the old network gave, with temperature 2 there.

    Args:
        new_scores: (B, C) of the network in training for the old classes.
        old_scores: (B, C) of the old network.
        temperature: divides both; positive.

    Returns:
        Scalar, the mean over the batch.
    """
    target = F.softmax(old_scores / temperature, dim=1)
    return -(target * F.log_softmax(new_scores / temperature, dim=1)).sum(1).mean()


def focal_distillation(
    new_scores: Tensor,
    old_scores: Tensor,
    old_is_right: Tensor,
    *,
    temperature: float,
    base: float,
    focus: float,
) -> Tensor:
    """Distillation that counts more where the old model was right.

    Yan et al., *Positive-Congruent Training* (CVPR 2021): each item's Kullback-Leibler divergence
    of the new from the old answers, times base + focus * [the old model is right] (alpha and beta
    there, 1 and 5), and times the squared temperature, which keeps gradients of one size.

    Args:
        new_scores: (B, C) of the network in training for the old classes.
        old_scores: (B, C) of the old network.
        old_is_right: (B,) bool.
        temperature: divides both scores; positive.
        base: weight of every item.
        focus: additional weight of the items that the old model gets right.

    Returns:
        Scalar, the mean over the batch.
    """
    divergence = F.kl_div(
        F.log_softmax(new_scores / temperature, dim=1),
        F.log_softmax(old_scores / temperature, dim=1),
        log_target=True,
        reduction="none",
    ).sum(1)
    weight = base + focus * old_is_right.to(divergence.dtype)
    return temperature**2 * (weight * divergence).mean()
