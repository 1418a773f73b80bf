"""RACT on top of BCT, in its two readings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor

from backfill.encoders.objectives.base import OBJECTIVES, Batch, Objective, Setting
from backfill.encoders.objectives.bct import BackwardCompatible
from backfill.encoders.objectives.regularised import Regularised
from backfill.losses.compatible import class_level, regression_alleviating

if TYPE_CHECKING:
    import torch

    from backfill.encoders.model import Encoder
    from backfill.params.rows import encoders as rows


class ClassLevel(BackwardCompatible):
    """Cross-entropy + weight * one softmax over old classes and new wrong ones (released code)."""

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Objective.forward`."""
        scores = self.scores(encoder, embeddings)
        term = class_level(scores, self.old_scores(embeddings), batch.targets)
        return self.cross_entropy(scores, batch) + self.weight * term


def _instances(row: rows.BctRact, setting: Setting) -> Objective:
    """BCT + weight * RACT's contrast of instances (the paper's text)."""
    teacher = setting.teacher(row.teacher)
    term = partial(
        regression_alleviating,
        temperature=row.temperature,
        temperature_new=row.temperature_new or row.temperature,
        hardest=row.hardest,
    )
    base = BackwardCompatible(setting, teacher, row.bct_weight)
    return Regularised(base, row, teacher, setting, term)


def _classes(row: rows.BctRact, setting: Setting) -> Objective:
    return ClassLevel(setting, setting.teacher(row.teacher), row.bct_weight)


READINGS = {"instances": _instances, "classes": _classes}


@OBJECTIVES.register("bct_ract")
def _build(row: rows.BctRact, setting: Setting) -> Objective:
    return READINGS[row.reading](row, setting)
