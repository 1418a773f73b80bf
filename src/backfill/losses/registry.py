"""Losses of transforms by the name that a row of `transforms` gives as its `loss`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

from backfill.errors import InputError
from backfill.losses.distance import unit
from backfill.losses.uncertainty import under_uncertainty
from backfill.registry import Registry

if TYPE_CHECKING:
    from backfill.encoders.classifier import StoredClassifier
    from backfill.params.rows.transforms import TransformRow
    from backfill.params.settings import TransformTraining

Row = TypeVar("Row", bound="TransformRow")


class Pair(NamedTuple):
    """What one system makes of the B items of a batch.

    Attributes:
        query: (B, D) embeddings of the items as queries.
        gallery: (B, D) embeddings of the same items as gallery items.
    """

    query: Tensor
    gallery: Tensor


class TargetClasses(NamedTuple):
    """The new encoder's classifier, and the class of each item.

    Attributes:
        weight: (C, D) of unit length.
        scale: factor on the classifier's cosines.
        rows: (N,) the row of `weight` that is each item's class.
    """

    weight: Tensor
    scale: float
    rows: Tensor

    @classmethod
    def of(cls, classifier: StoredClassifier, labels: Tensor) -> TargetClasses:
        """Look up the rows of (N,) labels.

        Raises:
            InputError: the classifier lacks a label.
        """
        wanted = set(labels.tolist())
        missing = len(wanted.difference(classifier.classes))
        if missing:
            raise InputError(
                f"classifier: expected all {len(wanted)} classes that are trained on, "
                f"got one that lacks {missing} of them"
            )
        classes = torch.tensor(classifier.classes, device=labels.device)
        weight = unit(torch.from_numpy(classifier.weight).to(labels.device))
        ascending, rows = classes.sort()
        return cls(weight, classifier.scale, rows[torch.searchsorted(ascending, labels)])

    def of_batch(self, batch: Tensor) -> TargetClasses:
        """Keep the (B,) items of a batch."""
        return self._replace(rows=self.rows[batch.to(self.rows.device)])


@dataclass(frozen=True)
class Step(Generic[Row]):
    """All that a loss can look at in one step of training.

    Attributes:
        row: the row of `transforms`, of the type that the loss asks for.
        training: settings of the training, with the row's overrides.
        systems: the row's systems by name, `before` and for some rows `after`.
        labels: (B,) classes of the batch.
        log_variance: (B,) predicted for the row's uncertain module; None without one.
        classes: of the batch; None unless the loss is registered with `needs_classifier`.
    """

    row: Row
    training: TransformTraining
    systems: Mapping[str, Pair]
    labels: Tensor
    log_variance: Tensor | None = None
    classes: TargetClasses | None = None

    @property
    def before(self) -> Pair:
        """The system that ranks waiting items."""
        return self.systems["before"]

    @property
    def after(self) -> Pair:
        """The system that ranks backfilled items."""
        return self.systems["after"]


Compute = Callable[[Step[Any]], Tensor]


@dataclass(frozen=True)
class TransformLoss:
    """A registered loss.

    Attributes:
        compute: maps a step to a scalar.
        needs_classifier: whether it reads the step's `classes`.
        fits_log_variance: whether it trains the predicted log-variance itself. Otherwise the
            log-variance learns to predict the squared distance in `before`, beside the loss.
        uses_labels: whether it looks at classes.
    """

    compute: Compute
    needs_classifier: bool = False
    fits_log_variance: bool = False
    uses_labels: bool = True

    def __call__(self, step: Step[Any]) -> Tensor:
        """Return the scalar to minimise."""
        loss = self.compute(step)
        if step.log_variance is None or self.fits_log_variance:
            return loss
        errors = (step.before.query - step.before.gallery).square().sum(1).detach()
        return loss + under_uncertainty(errors, step.log_variance)


TRANSFORM_LOSSES: Registry[TransformLoss] = Registry("backfill.losses")


def transform_loss(
    name: str,
    *,
    needs_classifier: bool = False,
    fits_log_variance: bool = False,
    uses_labels: bool = True,
) -> Callable[[Compute], Compute]:
    """Return a decorator that registers a function as a loss of transforms.

    Args:
        name: the `loss` of a row.
        needs_classifier: see :class:`TransformLoss`.
        fits_log_variance: see :class:`TransformLoss`.
        uses_labels: see :class:`TransformLoss`.
    """

    def add(compute: Compute) -> Compute:
        loss = TransformLoss(compute, needs_classifier, fits_log_variance, uses_labels)
        TRANSFORM_LOSSES.register(name)(loss)
        return compute

    return add
