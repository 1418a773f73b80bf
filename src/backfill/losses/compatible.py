"""Losses that keep a new encoder comparable with old embeddings (RACT, Zhang et al., ICLR 2022).

All functions take a batch of B items, which are the anchors:

- new: (B, D) embeddings by the encoder in training.
- old: (B, D) embeddings by the old encoder, which is fixed.
- positive: (B, D) the old embedding that each anchor is drawn to. It is the anchor's own, or that
  of another item of its class (the paper's positive pre-sampler).
- labels: (B,) classes. The negatives of an anchor are the items of other classes.

Embeddings may have any length; they are normalised inside. The result is a scalar, the mean over
the anchors. With `hardest`, only so many of an anchor's nearest negatives of each kind count:
RACT's paper has all of the batch, the example of its released code, OpenCompatible, the ten
nearest.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.losses.distance import unit
from backfill.losses.shapes import takes

_BATCH = {
    "new": "floats B D",
    "old": "floats B D",
    "positive": "floats B D",
    "labels": "integers B",
    "hardest": "count or none",
}


@takes(**_BATCH, temperature="positive")
def vanilla(
    new: Tensor,
    old: Tensor,
    positive: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    hardest: int | None = None,
) -> Tensor:
    """Contrast the old positive with old negatives (eq. 5)."""
    near, to_old, _ = _scores(new, old, positive, labels, temperature, temperature)
    return _contrast(near, _nearest(to_old, hardest)).mean()


@takes(**_BATCH, temperature="positive", temperature_new="positive")
def regression_alleviating(
    new: Tensor,
    old: Tensor,
    positive: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    temperature_new: float,
    hardest: int | None = None,
) -> Tensor:
    """Contrast the old positive with old and new negatives in one softmax (eq. 6).

    `temperature` divides the cosines of the positive and of the old negatives, `temperature_new`
    those of the new negatives (tau 1 and tau 2 in the paper's Table 7).
    """
    near, to_old, to_new = _scores(new, old, positive, labels, temperature, temperature_new)
    negatives = torch.cat([_nearest(to_old, hardest), _nearest(to_new, hardest)], 1)
    return _contrast(near, negatives).mean()


@takes(**_BATCH, temperature="positive", temperature_new="positive", eta="number")
def regression_alleviating_split(
    new: Tensor,
    old: Tensor,
    positive: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    temperature_new: float,
    eta: float,
    hardest: int | None = None,
) -> Tensor:
    """Contrast the old positive with old negatives, plus eta times with new ones (eq. 13).

    The paper prints one minus in front of the first of two added logarithms; both are negated here.
    """
    near, to_old, _ = _scores(new, old, positive, labels, temperature, temperature)
    near_new, _, to_new = _scores(new, old, positive, labels, temperature_new, temperature_new)
    of_old, of_new = _nearest(to_old, hardest), _nearest(to_new, hardest)
    return (_contrast(near, of_old) + eta * _contrast(near_new, of_new)).mean()


@takes(new_scores="floats B C", new_to_old_scores="floats B C", targets="integers B")
def class_level(new_scores: Tensor, new_to_old_scores: Tensor, targets: Tensor) -> Tensor:
    """Contrast the old classifier's right class with its other classes and the new wrong ones.

    RACT on top of BCT, as RACT's authors released it (OpenCompatible, loss type `bct_ract`): one
    softmax over the old classifier's scores of the new embedding and the new classifier's scores
    of it without the right class. So an old class takes the place of an old embedding, and the
    rows of the two classifiers take the places of old and new negatives. The paper's text instead
    adds eq. 6, which contrasts instances, to BCT's loss.

    Args:
        new_scores: (B, C) by the new classifier.
        new_to_old_scores: (B, C) of the new embeddings by the old classifier, for the same classes.
        targets: (B,) the right column of both.

    Returns:
        Scalar, the mean over the batch.
    """
    wrong = new_scores.scatter(1, targets[:, None], -torch.inf)
    return F.cross_entropy(torch.cat([new_to_old_scores, wrong], 1), targets)


@takes(**_BATCH, margin="number", euclidean="switch")
def triplet(
    new: Tensor,
    old: Tensor,
    positive: Tensor,
    labels: Tensor,
    *,
    margin: float,
    hardest: int | None = None,
    euclidean: bool = False,
) -> Tensor:
    """Hinge of old negatives against the old positive, mean over the negatives (eq. 14).

    A negative costs max(0, cos(negative) - cos(positive) + margin). The paper prints the difference
    with the opposite sign, which would push positives away. With `euclidean`, the margin is of
    Euclidean distances of unit vectors, as in RACT's released code, which always takes the nearest
    negatives alone.
    """
    near, to_old, _ = _scores(new, old, positive, labels, 1.0, 1.0)
    return _mean_hinge(near, to_old, margin, hardest, euclidean)


@takes(**_BATCH, margin="number", euclidean="switch")
def triplet_regression_alleviating(
    new: Tensor,
    old: Tensor,
    positive: Tensor,
    labels: Tensor,
    *,
    margin: float,
    hardest: int | None = None,
    euclidean: bool = False,
) -> Tensor:
    """:func:`triplet` plus the same hinge of new negatives against the old positive (eq. 15)."""
    near, to_old, to_new = _scores(new, old, positive, labels, 1.0, 1.0)
    return _mean_hinge(near, to_old, margin, hardest, euclidean) + _mean_hinge(
        near, to_new, margin, hardest, euclidean
    )


def _scores(
    new: Tensor, old: Tensor, positive: Tensor, labels: Tensor, tau_old: float, tau_new: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Scaled cosines: (B,) to the positive, (B, B) to old and new items, -inf within a class."""
    new, old, positive = unit(new), unit(old), unit(positive)
    same = labels[:, None] == labels[None, :]
    near = (new * positive).sum(1) / tau_old
    to_old = (new @ old.T / tau_old).masked_fill(same, -torch.inf)
    to_new = (new @ new.T / tau_new).masked_fill(same, -torch.inf)
    return near, to_old, to_new


def _contrast(near: Tensor, far: Tensor) -> Tensor:
    """(B,) values of -log(e^near / (e^near + the sum of e^far))."""
    # Without negatives the loss is log(1) = 0.
    return torch.logsumexp(torch.cat([near[:, None], far], 1), 1) - near


def _mean_hinge(
    near: Tensor, far: Tensor, margin: float, hardest: int | None, euclidean: bool
) -> Tensor:
    """Mean over anchors of the mean of max(0, far - near + margin) over their negatives."""
    far = _nearest(far, hardest)
    negative = torch.isfinite(far)
    if euclidean:
        near, far = -_euclidean(near), -_euclidean(far)
    hinges = F.relu(far - near[:, None] + margin).masked_fill(~negative, 0)
    return (hinges.sum(1) / negative.sum(1).clamp_min(1)).mean()


def _nearest(far: Tensor, count: int | None) -> Tensor:
    """(B, count) highest scores of each anchor; all of them if there are no more."""
    return far if count is None else far.topk(min(count, far.shape[1]), dim=1).values


def _euclidean(cosine: Tensor) -> Tensor:
    """Distance of unit vectors from their cosine; floored, where the root has no gradient."""
    return (2 - 2 * cosine).clamp(min=1e-6, max=4).sqrt()
