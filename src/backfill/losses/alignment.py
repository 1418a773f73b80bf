"""Losses that bring the two embeddings of one item together, point to point."""

from __future__ import annotations

from torch import Tensor

from backfill.losses.distance import unit


def alignment(query: Tensor, gallery: Tensor) -> Tensor:
    """Mean squared distance between an item's two embeddings.

    Eq. 9 of Seo et al. (2023) with query = psi(new), gallery = old (*RQT*); the L2 loss of FCT
    (Ramanujan et al., CVPR 2022) with query = new, gallery = h(old); of BiCT's forward
    transform (Su et al., 2022) with query = bct, gallery = f(old).

    Args:
        query: (B, D), any length; normalised inside.
        gallery: (B, D), the same items.

    Returns:
        Scalar in [0, 4].
    """
    return (unit(query) - unit(gallery)).square().sum(1).mean()
