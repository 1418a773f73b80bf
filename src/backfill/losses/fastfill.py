"""Alignment under a predicted uncertainty (FastFill, Jaeckle et al., ICLR 2023)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.losses.distance import unit


def point_to_class(embeddings: Tensor, labels: Tensor, weight: Tensor, scale: float) -> Tensor:
    """(B,) cross-entropy of a fixed cosine classifier on (B, D) embeddings.

    Args:
        embeddings: any length; normalised inside.
        labels: (B,) rows of the classifier.
        weight: (C, D) of the classifier, of unit length.
        scale: factor on its cosines.
    """
    return F.cross_entropy(scale * unit(embeddings) @ weight.T, labels, reduction="none")


def under_uncertainty(errors: Tensor, log_variance: Tensor) -> Tensor:
    """Mean of exp(-s) * error + s, for a predicted log-variance s of each error.

    After Kendall & Gal (NeurIPS 2017, eq. 8): where an error is to be expected, s grows to its
    logarithm, and the error counts less. The minimum over s of one error is 1 + log(error).

    Args:
        errors: (B,) at least 0.
        log_variance: (B,).
    """
    return (torch.exp(-log_variance) * errors + log_variance).mean()
