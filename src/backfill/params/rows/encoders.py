"""Rows of `encoders`: what an encoder trains on, as which network, and with which loss.

Or that it is not trained: its vectors are there.

The losses themselves are in :mod:`backfill.losses`, with their sources.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat

from backfill.params.base import Count, Name, Reference, Section, Seed, each_once
from backfill.params.networks import Network
from backfill.params.settings import Train

Weight = Annotated[float, Field(ge=0)]


class EncoderRow(Section):
    """What every encoder has.

    Attributes:
        trains_on: a share of a split, `<split>/<share>`.
        seeds: of weights, batches and augmentation. Each is a draw of the encoder, of which
            `draws` says how many are trained.
        starts_from: an encoder of the same network, whose weights training starts from; none: from
            random weights. The classifier starts from random weights in any case.
        epochs, batch_size, optimizer, learning_rate, weight_decay, network: in place of those of
            `train`.
        embedding_dim: of the network, shared or own.
    """

    trains_on: str
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(each_once)]
    starts_from: Name | None = None
    epochs: Count | None = None
    batch_size: Count | None = None
    optimizer: Literal["sgd", "adam", "muon"] | None = None
    learning_rate: PositiveFloat | None = None
    weight_decay: Weight | None = None
    network: Network | None = None
    embedding_dim: Count | None = None

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        found = [Reference("trains_on", self.trains_on, "share")]
        if self.starts_from is not None:
            found.append(Reference("starts_from", self.starts_from, "trained"))
        return found

    def training(self, shared: Train) -> Train:
        """The shared training settings with this row's overrides."""
        keys = ("epochs", "batch_size", "optimizer", "learning_rate", "weight_decay", "network")
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
        hardest: how many of an anchor's nearest negatives of each kind count; none: all of the
            batch.
    """

    loss_weight: Weight = 1.0
    positives: Literal["self", "class"] = "self"
    hardest: Count | None = None


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
    """RACT on top of BCT.

    Attributes:
        reading: `instances`, BCT's loss and eq. 6 beside it, as RACT's text has it; `classes`, one
            softmax over old classes and new wrong ones in place of both, as its released code has.
            The latter takes `bct_weight` and nothing else.
    """

    loss: Literal["bct_ract"]
    reading: Literal["instances", "classes"] = "instances"
    temperature: PositiveFloat = 0.5
    temperature_new: PositiveFloat | None = None
    bct_weight: Weight = 1.0


class AnyTriplet(Regularised):
    """A hinge on triplets.

    Attributes:
        margin: that a negative must be farther by than the positive.
        distance: what the margin is of. RACT's text has cosines, its released code Euclidean
            distances.
    """

    margin: Weight = 0.8
    distance: Literal["cosine", "euclidean"] = "cosine"


class Triplet(AnyTriplet):
    """RACT's triplet form with old negatives."""

    loss: Literal["triplet"]


class RactTriplet(AnyTriplet):
    """RACT's triplet form with old and new negatives."""

    loss: Literal["ract_triplet"]


class FocalDistillation(CompatibleRow):
    """Distillation that counts more where a model is right, by `focus`.

    Attributes:
        reading: `scores`, of the classes that both models know, weighted where the old model is
            right (Yan et al., CVPR 2021); `features`, the distance of the embeddings, weighted
            where the new model is right, as RACT's authors run it. The latter has no temperature.
    """

    loss: Literal["focal_distillation"]
    reading: Literal["scores", "features"] = "scores"
    loss_weight: Weight = 1.0
    temperature: PositiveFloat = 0.5
    focus: Weight = 5.0


class Lwf(CompatibleRow):
    """Learning without Forgetting: a second head that answers as the old classifier does.

    Attributes:
        head: `trained` along, from the old classifier, as in LwF; or `frozen`, as in RACT's
            comparison. Both start from the old encoder's weights with `starts_from`.
    """

    loss: Literal["lwf"]
    head: Literal["trained", "frozen"] = "trained"
    loss_weight: Weight = 1.0
    temperature: PositiveFloat = 0.5


class Stored(Section):
    """A side of a folder of vectors, which is read: nothing is trained.

    Attributes:
        reads: the model whose vectors they are.
    """

    loss: Literal["none"]
    reads: Literal["old", "new"]

    def references(self) -> list[Reference]:
        """The names that other rows must make: none."""
        return []


_Trained = (
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
    | Lwf
)
Trained = Annotated[_Trained, Field(discriminator="loss")]
Encoder = Annotated[_Trained | Stored, Field(discriminator="loss")]
