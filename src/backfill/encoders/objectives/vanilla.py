"""RACT's baseline: old negatives only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backfill.encoders.objectives.base import OBJECTIVES, Setting
from backfill.encoders.objectives.classification import Classification
from backfill.encoders.objectives.regularised import Regularised
from backfill.losses.compatible import vanilla

if TYPE_CHECKING:
    from backfill.params.rows import encoders as rows


@OBJECTIVES.register("vanilla")
def _build(row: rows.Vanilla, setting: Setting) -> Regularised:
    term = partial(vanilla, temperature=row.temperature, hardest=row.hardest)
    base = Classification(setting)
    return Regularised(base, row, setting.teacher(row.teacher), setting, term)
