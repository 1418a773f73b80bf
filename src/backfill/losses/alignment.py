"""Losses that bring the two embeddings of one item together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from backfill.losses.distance import unit
from backfill.losses.registry import Step, transform_loss
from backfill.losses.shapes import takes

if TYPE_CHECKING:
    from backfill.params.rows.transforms import Alignment


@takes(query="floats B D", gallery="floats B D")
def alignment(query: Tensor, gallery: Tensor) -> Tensor:
    """Mean squared distance between an item's two embeddings.

    - Seo et al. (2023), eq. 9 (*RQT*), with query = psi(new) and gallery = old.
    - The L2 loss of FCT (Ramanujan et al., CVPR 2022), with query = new and gallery = h(old).
    - BiCT's forward transform (Su et al., 2022), with query = bct and gallery = f(old).

    Args:
        query: (B, D), any length; normalised inside.
        gallery: (B, D), the same items; normalised inside.

    Returns:
        Scalar in [0, 4].
    """
    return (unit(query) - unit(gallery)).square().sum(1).mean()


@transform_loss("alignment", uses_labels=False)
def _of_step(step: Step[Alignment]) -> Tensor:
    return alignment(*step.before)
