"""Contrastive and metric-compatible contrastive learning (Seo et al., 2023)."""

from __future__ import annotations

import torch
from torch import Tensor

from backfill.losses.distance import hardest_half, squared_distances


def contrastive(
    query: Tensor, gallery: Tensor, labels: Tensor, *, temperature: float, mining: bool
) -> Tensor:
    """Supervised contrastive loss of one retrieval system (eq. 10, *CL*).

    -log P / (P + N), where P and N sum s(i, k) = exp(-d(query_i, gallery_k) / temperature) over
    the items k of the same and of other classes; k = i is a positive. The temperature is ours,
    the paper has 1.

    Args:
        query: (B, D) anchors.
        gallery: (B, D) the same items as the gallery holds them.
        labels: (B,) their classes.
        temperature: positive.
        mining: keep the farthest half of the positives and the nearest half of the negatives.

    Returns:
        Scalar, the mean over anchors.
    """
    positives, negatives = _log_sums(query, gallery, labels, temperature, mining, include_self=True)
    return (torch.logaddexp(positives, negatives) - positives).mean()


def metric_compatible(
    before: tuple[Tensor, Tensor],
    after: tuple[Tensor, Tensor],
    labels: Tensor,
    *,
    temperature: float,
    mining: bool,
) -> Tensor:
    """Metric-compatible contrastive loss of two retrieval systems (eq. 11, *MCL*).

    The sum of two terms like :func:`contrastive`, one a system, with the other system's
    negatives added to each denominator, so that distances of either system become comparable
    with those of the other. With `after` = (rho(new), rho(new)) it is eq. 12-13.

    Args:
        before: (B, D1) query and gallery embeddings of the system that ranks waiting items,
            in which k = i is a positive.
        after: (B, D2) those of the system that ranks backfilled items, in which k = i is left
            out, as it would be the anchor itself.
        labels: (B,) classes.
        temperature: positive; ours, the paper has 1.
        mining: keep the farthest half of the positives and the nearest half of the negatives,
            in each system by its own distances.

    Returns:
        Scalar; each term is the mean over the anchors that have a positive.
    """
    old_positives, old_negatives = _log_sums(
        *before, labels, temperature, mining, include_self=True
    )
    new_positives, new_negatives = _log_sums(
        *after, labels, temperature, mining, include_self=False
    )
    negatives = torch.logaddexp(old_negatives, new_negatives)
    old_term = torch.logaddexp(old_positives, negatives) - old_positives
    has_positive = torch.isfinite(new_positives)
    new_positives, negatives = new_positives[has_positive], negatives[has_positive]
    new_term = torch.logaddexp(new_positives, negatives) - new_positives
    # An empty mean is NaN; an empty sum is a zero with a gradient.
    return old_term.mean() + new_term.sum() / has_positive.sum().clamp_min(1)


def _log_sums(
    query: Tensor,
    gallery: Tensor,
    labels: Tensor,
    temperature: float,
    mining: bool,
    include_self: bool,
) -> tuple[Tensor, Tensor]:
    """(B,) log of the sums of s(i, k) over positives and over negatives; -inf where none."""
    distances = squared_distances(query, gallery)
    negatives = labels[:, None] != labels[None, :]
    positives = ~negatives
    if not include_self:
        positives = positives.clone().fill_diagonal_(False)
    if mining:
        positives = hardest_half(distances, positives, farthest=True)
        negatives = hardest_half(distances, negatives, farthest=False)
    scores = -distances / temperature

    def log_sum(mask: Tensor) -> Tensor:
        return scores.masked_fill(~mask, -torch.inf).logsumexp(1)

    return log_sum(positives), log_sum(negatives)
