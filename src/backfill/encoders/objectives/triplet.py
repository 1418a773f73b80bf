"""RACT's triplet form with old negatives."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backfill.encoders.objectives.base import OBJECTIVES, Setting
from backfill.encoders.objectives.classification import Classification
from backfill.encoders.objectives.regularised import Regularised
from backfill.losses.compatible import triplet

if TYPE_CHECKING:
    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("triplet")
def _build(row: rows.Triplet, setting: Setting) -> Regularised:
    term = partial(
        triplet,
        margin=row.margin,
        hardest=row.hardest,
        euclidean=row.distance == "euclidean",
    )
    base = Classification(setting)
    return Regularised(base, row, setting.teacher(row.teacher), setting, term)
