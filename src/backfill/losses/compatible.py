"""Losses that keep a new encoder comparable with old embeddings (RACT, Zhang et al., ICLR 2022).

All functions take a batch of B items, which are the anchors:

- new: (B, D) embeddings by the encoder in training.
- old: (B, D) embeddings by the old encoder, which is fixed.
- positive: (B, D) the old embedding that each anchor is drawn to. It is the anchor's own, or that
  of another item of its class (the paper's positive pre-sampler).
- labels: (B,) classes. The negatives of an anchor are the items of other classes.

Embeddings may have any length; they are normalised inside. The result is a scalar, the mean over
the anchors.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.losses.distance import unit


def vanilla(
    new: Tensor, old: Tensor, positive: Tensor, labels: Tensor, *, temperature: float
) -> Tensor:
    """Contrast the old positive with old negatives (eq. 5)."""
    near, to_old, _ = _scores(new, old, positive, labels, temperature, temperature)
    return _contrast(near, to_old).mean()


def regression_alleviating(
    new: Tensor,
    old: Tensor,
    positive: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    temperature_new: float,
) -> Tensor:
    """Contrast the old positive with old and new negatives in one softmax (eq. 6).

    `temperature` divides the cosines of the positive and of the old negatives, `temperature_new`
    those of the new negatives (tau 1 and tau 2 in the paper's Table 7).
    """
    near, to_old, to_new = _scores(new, old, positive, labels, temperature, temperature_new)
    return _contrast(near, torch.cat([to_old, to_new], 1)).mean()


def regression_alleviating_split(
    new: Tensor,
    old: Tensor,
    positive: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    temperature_new: float,
    eta: float,
) -> Tensor:
    """Contrast the old positive with old negatives, plus eta times with new ones (eq. 13).

    The paper prints one minus in front of the first of two added logarithms; both are negated here.
    """
    near, to_old, _ = _scores(new, old, positive, labels, temperature, temperature)
    near_new, _, to_new = _scores(new, old, positive, labels, temperature_new, temperature_new)
    return (_contrast(near, to_old) + eta * _contrast(near_new, to_new)).mean()


def triplet(new: Tensor, old: Tensor, positive: Tensor, labels: Tensor, *, margin: float) -> Tensor:
    """Hinge of each old negative against the old positive, mean over the negatives (eq. 14).

    A negative costs max(0, cos(negative) - cos(positive) + margin). The paper prints the difference
    with the opposite sign, which would push positives away.
    """
    near, to_old, _ = _scores(new, old, positive, labels, 1.0, 1.0)
    return _mean_hinge(near, to_old, labels, margin)


def triplet_regression_alleviating(
    new: Tensor, old: Tensor, positive: Tensor, labels: Tensor, *, margin: float
) -> Tensor:
    """:func:`triplet` plus the same hinge of new negatives against the old positive (eq. 15)."""
    near, to_old, to_new = _scores(new, old, positive, labels, 1.0, 1.0)
    return _mean_hinge(near, to_old, labels, margin) + _mean_hinge(near, to_new, labels, margin)


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


def _mean_hinge(near: Tensor, far: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Mean over anchors of the mean of max(0, far - near + margin) over their negatives."""
    negatives = (labels[:, None] != labels[None, :]).sum(1).clamp_min(1)
    # relu(-inf) is 0, and so is its gradient.
    return (F.relu(far - near[:, None] + margin).sum(1) / negatives).mean()
