"""Mixes of two embeddings of one item."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.losses.shapes import takes


@takes(start="floats B D", end="floats B D", weight="share")
def slerp(start: Tensor, end: Tensor, weight: float) -> Tensor:
    """Go part of the way from one unit vector to another, along the great circle between them.

    sin((1 - w) a) / sin(a) * start + sin(w a) / sin(a) * end, with a the angle between both. With
    w = 0.5 it is their mean, scaled to unit length.

    Args:
        start: (B, D) of unit length.
        end: (B, D) of unit length.
        weight: w, in [0, 1].

    Returns:
        (B, D) of unit length.

    Source:
        Shoemake, Animating Rotation with Quaternion Curves, SIGGRAPH 1985. As the query of items
        that wait during an upgrade: Ricci, Biondi & Pernici, 2026.
    """
    angle = torch.acos((start * end).sum(1, keepdim=True).clamp(-1, 1))
    # Next to each other, and opposite to each other, no sine tells the way: the chord does.
    sine = angle.sin()
    near = sine < 1e-4
    sine = torch.where(near, 1, sine)
    first = torch.where(near, 1 - weight, ((1 - weight) * angle).sin() / sine)
    second = torch.where(near, weight, (weight * angle).sin() / sine)
    return F.normalize(first * start + second * end)


@takes(first="floats B D", second="floats B E", weight="share")
def side_by_side(first: Tensor, second: Tensor, weight: float) -> Tensor:
    """Put two embeddings into one, sqrt(1 - w) * first beside sqrt(w) * second.

    The cosine of two such vectors is 1 - w times that of the first halves plus w times that of the
    second ones. :class:`backfill.align.Mix` is the same for arrays.

    Args:
        first: (B, D) of unit length.
        second: (B, D') of unit length.
        weight: w, in [0, 1].

    Returns:
        (B, D + D') of unit length.
    """
    return torch.cat([(1 - weight) ** 0.5 * first, weight**0.5 * second], dim=1)


# By the name that a row gives as `kind`.
MIXES: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "sphere": slerp,
    "side_by_side": side_by_side,
}
