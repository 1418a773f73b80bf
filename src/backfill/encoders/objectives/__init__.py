"""Objectives of encoders: views of a batch in, a loss out.

Each objective is one module here, registered under the `loss` of its rows. A compatible objective
has a teacher, the encoder in service.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backfill.encoders.objectives.base import OBJECTIVES, Batch, Objective, Setting

if TYPE_CHECKING:
    from backfill.arrays import Int64s
    from backfill.encoders.teacher import Teacher
    from backfill.params.rows.encoders import Encoder as Row
    from backfill.params.settings import Augment


def build(
    row: Row,
    augment: Augment,
    embedding_dim: int,
    classes: list[int],
    labels: Int64s,
    rows: Int64s,
    teacher: Callable[[str], Teacher],
    label_smoothing: float = 0.0,
) -> Objective:
    """Build the objective of a row of `encoders`.

    Args:
        row: names the loss and holds its settings.
        augment: of the training images.
        embedding_dim: of the encoder to train.
        classes: labels of the encoder's classes, in its order.
        labels: (N,) classes of the training set.
        rows: positions of the items that the encoder trains on; nothing is drawn from others.
        teacher: reads the old encoder of a name; called with `row.teacher` by losses that have one.
        label_smoothing: share of each label that cross-entropy spreads over all classes.

    Raises:
        InputError: the teacher cannot be read, or lacks classes that the loss needs.
    """
    setting = Setting(augment, embedding_dim, classes, labels, rows, teacher, label_smoothing)
    return OBJECTIVES[row.loss](row, setting)


__all__ = ["OBJECTIVES", "Batch", "Objective", "build"]
