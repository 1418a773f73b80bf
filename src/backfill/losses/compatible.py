"""Losses that keep a new encoder comparable with old embeddings (RACT, Zhang et al., ICLR 2022).

All take a batch of B items: `new` (B, D) by the encoder in training, `old` (B, D) by the fixed old
one, `positive` (B, D) the old embedding each anchor is to be near to: its own, or that of another
item of its class (the positive pre-sampler), and `labels` (B,). Vectors are normalised inside.
An anchor's negatives are the items of other classes in the batch. Each returns a scalar, the mean
over the anchors.
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
    """Contrast the old positive with old and with new negatives at once (eq. 6).

    temperature divides the positive's and the old negatives' cosines, temperature_new those of the
    new negatives (tau 1 and tau 2 of the paper's Table 7).
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
    """Contrast with old negatives, plus eta times contrast with new ones (eq. 13).

    The paper prints a plus between two logarithms under one minus; both terms are minimised here.
    """
    near, to_old, _ = _scores(new, old, positive, labels, temperature, temperature)
    near_new, _, to_new = _scores(new, old, positive, labels, temperature_new, temperature_new)
    return (_contrast(near, to_old) + eta * _contrast(near_new, to_new)).mean()


def triplet(new: Tensor, old: Tensor, positive: Tensor, labels: Tensor, *, margin: float) -> Tensor:
    """Hinge of every old negative against the old positive (eq. 14), mean over the negatives.

    The paper prints the difference with the sign that would push positives away; here an anchor
    pays where cos(negative) + margin exceeds cos(positive).
    """
    near, to_old, _ = _scores(new, old, positive, labels, 1.0, 1.0)
    return _mean_hinge(near, to_old, labels, margin)


def triplet_regression_alleviating(
    new: Tensor, old: Tensor, positive: Tensor, labels: Tensor, *, margin: float
) -> Tensor:
    """:func:`triplet`, and the same hinge of new negatives against the old positive (eq. 15)."""
    near, to_old, to_new = _scores(new, old, positive, labels, 1.0, 1.0)
    return _mean_hinge(near, to_old, labels, margin) + _mean_hinge(near, to_new, labels, margin)


def _scores(
    new: Tensor, old: Tensor, positive: Tensor, labels: Tensor, tau_old: float, tau_new: float
) -> tuple[Tensor, Tensor, Tensor]:
    """(B,) cosines to the positive, (B, B) to old and to new items; -inf within the class."""
    new, old, positive = unit(new), unit(old), unit(positive)
    same = labels[:, None] == labels[None, :]
    near = (new * positive).sum(1) / tau_old
    to_old = (new @ old.T / tau_old).masked_fill(same, -torch.inf)
    to_new = (new @ new.T / tau_new).masked_fill(same, -torch.inf)
    return near, to_old, to_new


def _contrast(near: Tensor, far: Tensor) -> Tensor:
    """(B,) of -log(e^near / (e^near + the sum of e^far))."""
    # A batch of one class has no negative, and log(1) = 0 is its loss.
    return torch.logsumexp(torch.cat([near[:, None], far], 1), 1) - near


def _mean_hinge(near: Tensor, far: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Mean over anchors of the mean over their negatives of max(0, far - near + margin)."""
    negatives = (labels[:, None] != labels[None, :]).sum(1).clamp_min(1)
    # relu(-inf) is 0, and so is its gradient.
    return (F.relu(far - near[:, None] + margin).sum(1) / negatives).mean()
