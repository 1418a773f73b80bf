"""Alignment with points and classes under a predicted uncertainty (FastFill, ICLR 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from backfill import validate
from backfill.errors import InputError
from backfill.losses.distance import unit
from backfill.losses.registry import Step, TargetClasses, transform_loss
from backfill.losses.shapes import takes
from backfill.losses.uncertainty import under_uncertainty

if TYPE_CHECKING:
    from backfill.params.rows.transforms import FastFill


@takes(embeddings="floats B D", labels="integers B", weight="floats C D", scale="number")
def point_to_class(embeddings: Tensor, labels: Tensor, weight: Tensor, scale: float) -> Tensor:
    """Cross-entropy of a fixed cosine classifier (Jaeckle et al., ICLR 2023).

    Args:
        embeddings: (B, D), any length; normalised inside.
        labels: (B,) rows of the classifier.
        weight: (C, D) of the classifier, of unit length.
        scale: factor on its cosines.

    Returns:
        (B,) one value per embedding.
    """
    return F.cross_entropy(scale * unit(embeddings) @ weight.T, labels, reduction="none")


@takes(
    target="floats B D",
    made="floats B D",
    log_variance="floats B",
    class_weight="not negative",
)
def fastfill(
    target: Tensor,
    made: Tensor,
    classes: TargetClasses,
    log_variance: Tensor,
    *,
    class_weight: float,
) -> Tensor:
    """FastFill's loss, the mean of exp(-s) * (L2 + mu * CE) + s (Jaeckle et al., ICLR 2023).

    L2 is the squared distance of h(old) from the new embedding, CE the new classifier's
    cross-entropy on h(old), s the predicted log-variance. The weight mu and the network that
    predicts s are this project's choice.

    Args:
        target: (B, D) new embeddings, any length; normalised inside.
        made: (B, D) h(old) of the same items, any length; normalised inside.
        classes: the new encoder's classifier, and the items' classes.
        log_variance: (B,).
        class_weight: mu, at least 0.

    Returns:
        Scalar.
    """
    validate.instance("classes", classes, TargetClasses)
    to_point = (unit(made) - unit(target)).square().sum(1)
    to_class = point_to_class(made, classes.rows, classes.weight, classes.scale)
    return under_uncertainty(to_point + class_weight * to_class, log_variance)


@transform_loss("fastfill", needs_classifier=True, fits_log_variance=True)
def _of_step(step: Step[FastFill]) -> Tensor:
    if step.classes is None or step.log_variance is None:
        raise InputError("fastfill: expected a classifier and a predicted log-variance, got none")
    return fastfill(
        *step.before, step.classes, step.log_variance, class_weight=step.row.class_weight
    )
