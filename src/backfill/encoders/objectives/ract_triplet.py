"""RACT's triplet form with old and new negatives."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backfill.encoders.objectives.base import OBJECTIVES, Setting
from backfill.encoders.objectives.classification import Classification
from backfill.encoders.objectives.regularised import Regularised
from backfill.losses.compatible import triplet_regression_alleviating

if TYPE_CHECKING:
    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("ract_triplet")
def _build(row: rows.RactTriplet, setting: Setting) -> Regularised:
    term = partial(
        triplet_regression_alleviating,
        margin=row.margin,
        hardest=row.hardest,
        euclidean=row.distance == "euclidean",
    )
    base = Classification(setting)
    return Regularised(base, row, setting.teacher(row.teacher), setting, term)
