"""Losses that make a new classifier answer as the old one does; RACT is compared with them."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from backfill.losses.distance import unit
from backfill.losses.shapes import takes


def distillation(new_scores: Tensor, old_scores: Tensor, *, temperature: float) -> Tensor:
    """Cross-entropy between softened old and new answers (LwF, eq. 2-3).

    Li & Hoiem, *Learning without Forgetting* (TPAMI 2018). The temperature is 2 in the paper.

    Args:
        new_scores: (B, C) of the network in training, for the old classes.
        old_scores: (B, C) of the old network, for the same classes.
        temperature: divides both scores; positive.

    Returns:
        Scalar, the mean over the batch.
    """
    target = F.softmax(old_scores / temperature, dim=1)
    return -(target * F.log_softmax(new_scores / temperature, dim=1)).sum(1).mean()


@takes(
    new_scores="floats B C",
    old_scores="floats B C",
    old_is_right="bools B",
    temperature="positive",
    base="number",
    focus="number",
)
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

    Yan et al., *Positive-Congruent Training* (CVPR 2021). An item's loss is the Kullback-Leibler
    divergence of the new answers from the old ones, times base + focus * [the old model is right].
    The paper calls these weights alpha and beta and sets them to 1 and 5. The factor temperature
    squared keeps the size of gradients independent of the temperature.

    Args:
        new_scores: (B, C) of the network in training, for the classes that both networks know.
        old_scores: (B, C) of the old network, for the same classes.
        old_is_right: (B,) bool.
        temperature: divides both scores; positive.
        base: weight of every item.
        focus: additional weight of items on which the old model is right.

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


@takes(
    new="floats B D",
    old="floats B D",
    new_is_right="bools B",
    base="number",
    focus="number",
)
def focal_feature_distillation(
    new: Tensor, old: Tensor, new_is_right: Tensor, *, base: float, focus: float
) -> Tensor:
    """Focal distillation of embeddings, which counts more where the *new* model is right.

    As RACT's authors run their baseline (OpenCompatible, loss type `fd`): an item's loss is the
    squared distance between its new and its old embedding, times base + focus * [the new model is
    right]. Yan et al. (CVPR 2021) compare scores instead, and weigh by where the *old* model is
    right; see :func:`focal_distillation`. Embeddings are scaled to unit length here, as all of this
    project's comparisons are; the released code takes the mean over dimensions of raw ones.

    Args:
        new: (B, D) embeddings by the encoder in training, any length; normalised inside.
        old: (B, D) of the same items by the old encoder, any length; normalised inside.
        new_is_right: (B,) bool, by the classifier in training.
        base: weight of every item.
        focus: additional weight of items on which the new model is right.

    Returns:
        Scalar, the mean over the batch.
    """
    distances = (unit(new) - unit(old)).square().sum(1)
    return ((base + focus * new_is_right.to(distances.dtype)) * distances).mean()
