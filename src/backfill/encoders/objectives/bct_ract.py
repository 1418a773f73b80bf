"""RACT on top of BCT."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backfill.encoders.objectives.base import OBJECTIVES, Setting
from backfill.encoders.objectives.bct import BackwardCompatible
from backfill.encoders.objectives.regularised import Regularised
from backfill.losses.compatible import regression_alleviating

if TYPE_CHECKING:
    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("bct_ract")
def _build(row: rows.BctRact, setting: Setting) -> Regularised:
    teacher = setting.teacher(row.teacher)
    term = partial(
        regression_alleviating,
        temperature=row.temperature,
        temperature_new=row.temperature_new or row.temperature,
    )
    base = BackwardCompatible(setting, teacher, row.bct_weight)
    return Regularised(base, row, teacher, setting.labels, term)
