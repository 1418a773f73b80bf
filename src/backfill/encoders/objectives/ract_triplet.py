"""RACT's triplet form with old and new negatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backfill.encoders.objectives.base import OBJECTIVES, Setting
from backfill.encoders.objectives.triplet import of_triplets
from backfill.losses.compatible import triplet_regression_alleviating

if TYPE_CHECKING:
    from backfill.encoders.objectives.regularised import Regularised
    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("ract_triplet")
def _build(row: rows.RactTriplet, setting: Setting) -> Regularised:
    return of_triplets(triplet_regression_alleviating, row, setting)
