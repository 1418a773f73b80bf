"""Rows of `encoders`: what an encoder trains on, as which network, and with which loss.

The losses themselves are in :mod:`backfill.losses`, with their sources.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from backfill.params.base import Name, Reference, Section, Seed
from backfill.params.networks import Network
from backfill.params.settings import Train

Weight = Annotated[float, Field(ge=0)]


class EncoderRow(Section):
    """What every encoder has.

    Attributes:
        trains_on: a share of a split, `<split>/<share>`.
        seed: of weights, batches and augmentation.
        epochs, optimizer, learning_rate, network: in place of those of `train`.
        embedding_dim: of the network, shared or own.
    """

    trains_on: str
    seed: Seed
    epochs: PositiveInt | None = None
    optimizer: Literal["sgd", "adam"] | None = None
    learning_rate: PositiveFloat | None = None
    network: Network | None = None
    embedding_dim: PositiveInt | None = None

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        return [Reference("trains_on", self.trains_on, "share")]

    def training(self, shared: Train) -> Train:
        """The shared training settings with this row's overrides."""
        keys = ("epochs", "optimizer", "learning_rate", "network")
        own = {key: getattr(self, key) for key in keys if getattr(self, key) is not None}
        training = shared.model_copy(update=own)
        if self.embedding_dim is None:
            return training
        network = training.network.model_copy(update={"embedding_dim": self.embedding_dim})
        return training.model_copy(update={"network": network})


class Classification(EncoderRow):
    """Cross-entropy alone."""

    loss: Literal["classification"]


class SelfSupervised(EncoderRow):
    """SimCLR's loss; such an encoder has no classifier."""

    loss: Literal["nt_xent"]
    temperature: PositiveFloat = 0.5


class CompatibleRow(EncoderRow):
    """An encoder that is to be compatible with an older one, the `teacher`."""

    teacher: Name

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        return [*super().references(), Reference("teacher", self.teacher, "classifier")]


class Bct(CompatibleRow):
    """Cross-entropy, and that of the old classifier times `bct_weight`."""

    loss: Literal["bct"]
    bct_weight: Weight = 1.0


class Regularised(CompatibleRow):
    """Cross-entropy, and a compatible loss times `loss_weight`.

    Attributes:
        positives: the old embedding an anchor is drawn to: its own, or one of its class.
    """

    loss_weight: Weight = 1.0
    positives: Literal["self", "class"] = "self"


class Vanilla(Regularised):
    """RACT's baseline: old negatives only."""

    loss: Literal["vanilla"]
    temperature: PositiveFloat = 0.5


class Ract(Regularised):
    """Regression-alleviating compatible training: old and new negatives.

    Attributes:
        temperature_new: of the new negatives; none: the same.
    """

    loss: Literal["ract"]
    temperature: PositiveFloat = 0.5
    temperature_new: PositiveFloat | None = None


class RactSplit(Regularised):
    """RACT with one softmax per kind of negatives; the new one is weighted by `eta`."""

    loss: Literal["ract_split"]
    temperature: PositiveFloat = 0.5
    temperature_new: PositiveFloat | None = None
    eta: Weight = 1.0


class BctRact(Regularised):
    """RACT on top of BCT."""

    loss: Literal["bct_ract"]
    temperature: PositiveFloat = 0.5
    temperature_new: PositiveFloat | None = None
    bct_weight: Weight = 1.0


class Triplet(Regularised):
    """RACT's triplet form with old negatives."""

    loss: Literal["triplet"]
    margin: Weight = 0.8


class RactTriplet(Regularised):
    """RACT's triplet form with old and new negatives."""

    loss: Literal["ract_triplet"]
    margin: Weight = 0.8


class FocalDistillation(CompatibleRow):
    """Distillation that counts more where the old model was right, by `focus`."""

    loss: Literal["focal_distillation"]
    loss_weight: Weight = 1.0
    temperature: PositiveFloat = 0.5
    focus: Weight = 5.0


class Lwf(CompatibleRow):
    """Learning without Forgetting: a second head that answers as the old classifier does."""

    loss: Literal["lwf"]
    loss_weight: Weight = 1.0
    temperature: PositiveFloat = 0.5


Encoder = Annotated[
    Classification
    | SelfSupervised
    | Bct
    | Vanilla
    | Ract
    | RactSplit
    | BctRact
    | Triplet
    | RactTriplet
    | FocalDistillation
    | Lwf,
    Field(discriminator="loss"),
]
