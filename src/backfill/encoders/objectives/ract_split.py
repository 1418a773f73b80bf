"""RACT with one softmax for old negatives and one for new ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backfill.encoders.objectives.base import OBJECTIVES, Setting
from backfill.encoders.objectives.classification import Classification
from backfill.encoders.objectives.regularised import Regularised
from backfill.losses.compatible import regression_alleviating_split

if TYPE_CHECKING:
    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("ract_split")
def _build(row: rows.RactSplit, setting: Setting) -> Regularised:
    term = partial(
        regression_alleviating_split,
        temperature=row.temperature,
        temperature_new=row.temperature_new or row.temperature,
        hardest=row.hardest,
        eta=row.eta,
    )
    base = Classification(setting)
    return Regularised(base, row, setting.teacher(row.teacher), setting, term)
