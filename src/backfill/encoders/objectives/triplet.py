"""RACT's triplet form with old negatives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from backfill.encoders.objectives.base import OBJECTIVES, Setting
from backfill.encoders.objectives.classification import Classification
from backfill.encoders.objectives.regularised import Regularised
from backfill.losses.compatible import triplet

if TYPE_CHECKING:
    from torch import Tensor

    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("triplet")
def _build(row: rows.Triplet, setting: Setting) -> Regularised:
    return of_triplets(triplet, row, setting)


def of_triplets(
    loss: Callable[..., Tensor], row: rows.Triplet | rows.RactTriplet, setting: Setting
) -> Regularised:
    """Cross-entropy with one of the triplet losses, which have the same settings.

    Args:
        loss: of :mod:`backfill.losses.compatible`.
        row: its margin, negatives and distance.
        setting: see :class:`Setting`.
    """
    term = partial(
        loss,
        margin=row.margin,
        hardest=row.hardest,
        euclidean=row.distance == "euclidean",
    )
    base = Classification(setting)
    return Regularised(base, row, setting.teacher(row.teacher), setting, term)
