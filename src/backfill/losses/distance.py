"""Distances between embeddings, and the mining of hard examples by them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def unit(embeddings: Tensor) -> Tensor:
    """(B, D) embeddings scaled to unit length."""
    return F.normalize(embeddings, dim=1)


def squared_distances(query: Tensor, gallery: Tensor) -> Tensor:
    """(B, N) squared Euclidean distances of normalised (B, D) and (N, D): 2 - 2 cos, in [0, 4]."""
    return 2 - 2 * unit(query) @ unit(gallery).T


def hardest_half(distances: Tensor, candidates: Tensor, *, farthest: bool) -> Tensor:
    """Keep the half of each row's candidates that are farthest from, or nearest to, the anchor.

    The mining of Seo et al. (2023), footnote 2: of n candidates, n / 2 rounded up are kept.

    Args:
        distances: (B, N).
        candidates: (B, N) bool.
        farthest: keep the farthest (for positives) rather than the nearest (for negatives).

    Returns:
        (B, N) bool, a subset of `candidates`; more than half where distances tie.
    """
    ranked = -distances.detach() if farthest else distances.detach()
    ranked = ranked.masked_fill(~candidates, torch.inf)
    kept = (candidates.sum(1, keepdim=True) + 1) // 2
    threshold = _ascending(ranked).gather(1, (kept - 1).clamp_min(0))
    return candidates & (ranked <= threshold)


def _ascending(rows: Tensor) -> Tensor:
    """Each row's values in order; on a CPU by NumPy, which sorts with vector instructions."""
    if rows.device.type == "cpu" and rows.dtype in (torch.float32, torch.float64):
        return torch.from_numpy(np.sort(rows.numpy(), axis=1))
    return rows.sort(1).values
