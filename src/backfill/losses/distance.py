"""Distances between embeddings, and hard examples chosen by them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.losses.shapes import takes


def unit(embeddings: Tensor) -> Tensor:
    """Scale (B, D) embeddings to unit length."""
    return F.normalize(embeddings, dim=1)


@takes(query="floats B D", gallery="floats N D")
def squared_distances(query: Tensor, gallery: Tensor) -> Tensor:
    """Squared Euclidean distances of unit vectors, 2 - 2 cos.

    Args:
        query: (B, D), any length; normalised inside.
        gallery: (N, D), any length; normalised inside.

    Returns:
        (B, N) in [0, 4].
    """
    return 2 - 2 * unit(query) @ unit(gallery).T


@takes(distances="floats B N", candidates="bools B N", farthest="switch")
def hardest_half(distances: Tensor, candidates: Tensor, *, farthest: bool) -> Tensor:
    """Keep the harder half of each anchor's candidates (Seo et al., 2023, footnote 2).

    Of n candidates, n / 2 rounded up are kept, and all that are as far away as the last of them.

    Args:
        distances: (B, N) from each anchor.
        candidates: (B, N) bool.
        farthest: whether far candidates are the hard ones (positives) or near ones (negatives).

    Returns:
        (B, N) bool, a subset of `candidates`.
    """
    ranked = -distances.detach() if farthest else distances.detach()
    ranked = ranked.masked_fill(~candidates, torch.inf)
    kept = (candidates.sum(1, keepdim=True) + 1) // 2
    threshold = _ascending(ranked).gather(1, (kept - 1).clamp_min(0))
    return candidates & (ranked <= threshold)


def _ascending(rows: Tensor) -> Tensor:
    """Sort each row; on a CPU with NumPy, which uses vector instructions."""
    if rows.device.type == "cpu" and rows.dtype in (torch.float32, torch.float64):
        return torch.from_numpy(np.sort(rows.numpy(), axis=1))
    return rows.sort(1).values
