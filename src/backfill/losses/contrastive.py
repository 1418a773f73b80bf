"""Contrastive and metric-compatible contrastive learning (Seo et al., 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from backfill.losses.distance import hardest_half, squared_distances
from backfill.losses.registry import Pair, Step, transform_loss
from backfill.losses.shapes import takes

if TYPE_CHECKING:
    from backfill.params.rows.transforms import (
        Contrastive,
        ContrastiveBoth,
        MetricCompatible,
        TwoSystems,
    )
    from backfill.params.settings import TransformTraining


@takes(
    query="floats B D",
    gallery="floats B D",
    labels="integers B",
    temperature="positive",
    mining="switch",
)
def contrastive(
    query: Tensor, gallery: Tensor, labels: Tensor, *, temperature: float, mining: bool
) -> Tensor:
    """Supervised contrastive loss of one retrieval system (eq. 10, *CL*).

    For an anchor i it is -log(P / (P + N)). P sums s(i, k) = exp(-d(query_i, gallery_k) /
    temperature) over the items k of i's class, including k = i; N sums it over all other items.
    The paper has no temperature, that is, 1.

    Args:
        query: (B, D) embeddings of the anchors.
        gallery: (B, D) embeddings of the same items in the gallery.
        labels: (B,) their classes.
        temperature: positive.
        mining: keep the farthest half of the positives and the nearest half of the negatives.

    Returns:
        Scalar, the mean over anchors.
    """
    positives, negatives = _log_sums(query, gallery, labels, temperature, mining, include_self=True)
    return (torch.logaddexp(positives, negatives) - positives).mean()


@takes(
    before="pair B D",
    after="pair B E",
    labels="integers B",
    temperature="positive",
    mining="switch",
)
def metric_compatible(
    before: tuple[Tensor, Tensor],
    after: tuple[Tensor, Tensor],
    labels: Tensor,
    *,
    temperature: float,
    mining: bool,
) -> Tensor:
    """Metric-compatible contrastive loss of two retrieval systems (eq. 11, *MCL*).

    Each system has one term like :func:`contrastive`, whose denominator also holds the other
    system's negatives. That makes the distances of the two systems comparable. With `after` =
    (rho(new), rho(new)) it is eq. 12-13. The paper has no temperature, that is, 1.

    Args:
        before: (B, D1) query and gallery embeddings of the system that ranks waiting items. Each
            item is a positive of itself.
        after: (B, D2) query and gallery embeddings of the system that ranks backfilled items. An
            item is not compared with itself, as both embeddings may be the same.
        labels: (B,) classes.
        temperature: positive.
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
    # If no anchor has a positive, a mean would be NaN; this is zero and has a gradient.
    return old_term.mean() + new_term.sum() / has_positive.sum().clamp_min(1)


def _log_sums(
    query: Tensor,
    gallery: Tensor,
    labels: Tensor,
    temperature: float,
    mining: bool,
    include_self: bool,
) -> tuple[Tensor, Tensor]:
    """(B,) logs of the sums of s(i, k) over positives and over negatives; an empty one is -inf."""
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


@transform_loss("cl")
def _of_one_system(step: Step[Contrastive]) -> Tensor:
    return contrastive(*step.before, step.labels, **_options(step.training))


@transform_loss("cl_both")
def _of_each_system(step: Step[ContrastiveBoth]) -> Tensor:
    options = _options(step.training)
    return contrastive(*_before(step), step.labels, **options) + contrastive(
        *step.after, step.labels, **options
    )


@transform_loss("mcl")
def _of_both_systems(step: Step[MetricCompatible]) -> Tensor:
    return metric_compatible(_before(step), step.after, step.labels, **_options(step.training))


def _before(step: Step[Any]) -> Pair:
    """The system before; with `separate`, no gradient reaches the query's module through it."""
    row: TwoSystems = step.row
    query, gallery = step.before
    return Pair(query.detach() if row.separate else query, gallery)


def _options(training: TransformTraining) -> dict[str, Any]:
    return {"temperature": training.temperature, "mining": training.mining}
