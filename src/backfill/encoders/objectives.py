"""What an encoder is trained for: views of a batch in, a loss out.

A compatible objective holds a *teacher*, the encoder in service. A new one is a class here, a name
in `params.Encoder.loss`, and an entry in :func:`build`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from backfill.encoders.augment import distort, shift_and_flip
from backfill.errors import InputError
from backfill.losses import compatible
from backfill.losses.distillation import distillation, focal_distillation
from backfill.losses.nt_xent import nt_xent

if TYPE_CHECKING:
    from collections.abc import Callable

    from backfill.encoders.model import Encoder
    from backfill.encoders.teacher import Teacher
    from backfill.params import Augment
    from backfill.params import Encoder as Row


class Batch(NamedTuple):
    """B training images and what is known of them.

    images: (B, C, H, W) uint8 on the device. targets: (B,) rows of the classifier, on the device.
    rows: (B,) places in the training set, on the CPU.
    """

    images: Tensor
    targets: Tensor
    rows: Tensor


class Classification(nn.Module):
    """Cross-entropy of the encoder's own classifier (RACT, eq. 7)."""

    def __init__(self, augment: Augment) -> None:
        super().__init__()
        self.augment = augment

    def views(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The (B * V, C, H, W) images to embed for a batch of (B, C, H, W): here one view each."""
        return shift_and_flip(images, generator, self.augment.crop_padding, self.augment.flip)

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """Mean loss of (B * V, D) embeddings of the batch's views."""
        assert encoder.classifier is not None
        return F.cross_entropy(encoder.classifier(embeddings), batch.targets)


class BackwardCompatible(Classification):
    """BCT (Shen et al., CVPR 2020): own cross-entropy + weight * the old classifier's.

    The old classifier is fixed; for classes that it lacks see
    :meth:`backfill.encoders.teacher.Teacher.weight_for`.
    """

    old_weight: Tensor

    def __init__(self, augment: Augment, old_weight: Tensor, scale: float, weight: float) -> None:
        super().__init__(augment)
        self.register_buffer("old_weight", F.normalize(old_weight))
        self.scale = scale
        self.weight = weight

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Classification.forward`."""
        own = super().forward(encoder, embeddings, batch, generator)
        old_scores = self.scale * F.normalize(embeddings) @ self.old_weight.T
        return own + self.weight * F.cross_entropy(old_scores, batch.targets)


class Regularised(nn.Module):
    """Another objective + lambda * a loss of :mod:`backfill.losses.compatible` (RACT, eq. 8).

    Args:
        base: cross-entropy, or BCT's objective, on which RACT also sits.
        row: names the loss and its temperatures, margin, eta and weight.
        teacher: gives the old embeddings.
        labels: (N,) of the training set, for the positive pre-sampler.
    """

    def __init__(
        self, base: Classification, row: Row, teacher: Teacher, labels: NDArray[np.int64]
    ) -> None:
        super().__init__()
        self.base = base
        self.row = row
        self.teacher = teacher
        self.views = base.views
        # Rows of one class stand together: a positive is drawn as a place within its class.
        self.by_class = torch.from_numpy(np.argsort(labels, kind="stable"))
        self.labels = torch.from_numpy(labels)
        self.counts = torch.bincount(self.labels)
        self.starts = self.counts.cumsum(0) - self.counts

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Classification.forward`."""
        own = self.base(encoder, embeddings, batch, generator)
        old = self.teacher.embeddings(batch.rows, generator).to(embeddings.device)
        positive = old
        if self.row.positives == "class":
            drawn = self._draw_positives(batch.rows, generator)
            positive = self.teacher.embeddings(drawn, generator).to(embeddings.device)
        term = compatible_loss(self.row, embeddings, old, positive, batch.targets)
        return own + self.row.loss_weight * term  # type: ignore[no-any-return]

    def _draw_positives(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """(B,) random training items of the classes of `rows`; possibly the items themselves."""
        label = self.labels[rows]
        share = torch.rand(len(rows), generator=generator)
        place = (share * self.counts[label]).long()
        return self.by_class[self.starts[label] + place]


def compatible_loss(row: Row, new: Tensor, old: Tensor, positive: Tensor, labels: Tensor) -> Tensor:
    """The compatible loss that a row of params.yaml names."""
    tau = row.temperature
    both = {"temperature": tau, "temperature_new": row.temperature_new or tau}
    if row.loss == "vanilla":
        return compatible.vanilla(new, old, positive, labels, temperature=tau)
    if row.loss in ("ract", "bct_ract"):
        return compatible.regression_alleviating(new, old, positive, labels, **both)
    if row.loss == "ract_split":
        return compatible.regression_alleviating_split(
            new, old, positive, labels, eta=row.eta, **both
        )
    if row.loss == "triplet":
        return compatible.triplet(new, old, positive, labels, margin=row.margin)
    assert row.loss == "ract_triplet"
    return compatible.triplet_regression_alleviating(new, old, positive, labels, margin=row.margin)


class Distilled(Classification):
    """Cross-entropy + weight * distillation of the old classifier's answers (see `row.loss`).

    `focal_distillation` compares the scores of the classes that both know; `lwf` gives the new
    encoder a second head for the old classes, begun at the old classifier and trained along.
    """

    def __init__(self, augment: Augment, row: Row, teacher: Teacher, classes: list[int]) -> None:
        super().__init__(augment)
        self.row = row
        self.teacher = teacher
        old = teacher.classifier
        if row.loss == "lwf":
            self.head = nn.Parameter(torch.from_numpy(old.weight).clone())
        self.scale = old.scale
        self.classes = classes
        # Columns of the classes that both know, on either side.
        known = {label: column for column, label in enumerate(old.classes)}
        shared = [(known[c], new) for new, c in enumerate(classes) if c in known]
        if not shared and row.loss == "focal_distillation":
            raise InputError(
                "loss 'focal_distillation' compares scores of shared classes, and this split "
                "leaves none; 'lwf' does without"
            )
        self.old_columns, self.new_columns = ([pair[side] for pair in shared] for side in (0, 1))

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """See :meth:`Classification.forward`."""
        assert encoder.classifier is not None
        scores = encoder.classifier(embeddings)
        own = F.cross_entropy(scores, batch.targets)
        stored = self.teacher.embeddings(batch.rows, generator).numpy()
        old = torch.from_numpy(self.teacher.classifier.scores(stored)).to(scores.device)
        tau = self.row.temperature
        if self.row.loss == "lwf":
            as_old = self.scale * F.normalize(embeddings) @ F.normalize(self.head).T
            term = distillation(as_old, old, temperature=tau)
        else:
            answer = torch.tensor(self.teacher.classifier.classes)[old.argmax(1).cpu()]
            right = answer == torch.tensor(self.classes)[batch.targets.cpu()]
            term = focal_distillation(
                scores[:, self.new_columns],
                old[:, self.old_columns],
                right.to(scores.device),
                temperature=tau,
                base=1.0,
                focus=self.row.focus,
            )
        return own + self.row.loss_weight * term


class SelfSupervised(nn.Module):
    """NT-Xent on two strongly changed views of each image (SimCLR, Chen et al., 2020).

    The loss sees embeddings through a small projection head, which is thrown away afterwards.
    """

    def __init__(self, augment: Augment, embedding_dim: int, temperature: float) -> None:
        super().__init__()
        self.flip = augment.flip
        self.temperature = temperature
        self.projection = nn.Sequential(
            nn.Linear(embedding_dim, embedding_dim),
            nn.ReLU(),
            nn.Linear(embedding_dim, embedding_dim),
        )

    def views(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """(2 B, C, H, W): a first and then a second view of each image."""
        return torch.cat([distort(images, generator, self.flip) for _ in range(2)])

    def forward(
        self, encoder: Encoder, embeddings: Tensor, batch: Batch, generator: torch.Generator
    ) -> Tensor:
        """Mean loss of (2 B, D) embeddings; the classes are not looked at."""
        first, second = self.projection(embeddings).chunk(2)
        return nt_xent(first, second, self.temperature)


Objective = Classification | Regularised | SelfSupervised


def build(
    row: Row,
    augment: Augment,
    embedding_dim: int,
    classes: list[int],
    labels: NDArray[np.int64],
    teacher: Callable[[], Teacher],
) -> Objective:
    """The objective of a row of params.yaml.

    Args:
        row: names the loss.
        augment: of the training images.
        embedding_dim: of the encoder to train.
        classes: labels of the encoder's classes, in its order.
        labels: (N,) of the training set.
        teacher: reads the encoder to be compatible with; called where the loss has one.
    """
    if row.loss == "classification":
        return Classification(augment)
    if row.loss == "nt_xent":
        return SelfSupervised(augment, embedding_dim, row.temperature)
    old = teacher()
    if row.loss in ("focal_distillation", "lwf"):
        return Distilled(augment, row, old, classes)
    base = Classification(augment)
    if row.loss in ("bct", "bct_ract"):
        weight = old.weight_for(classes, labels)
        base = BackwardCompatible(augment, weight, old.classifier.scale, row.bct_weight)
    return base if row.loss == "bct" else Regularised(base, row, old, labels)
