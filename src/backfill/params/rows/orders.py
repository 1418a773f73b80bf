"""Rows of `orders`: which gallery items are backfilled first."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backfill.params.base import Count, Name, Reference, Section, SystemSets


class OrderRow(Section):
    """What every order has.

    Attributes:
        knows_the_answers: whether it looks at what is not known until everything is backfilled, so
            that it is a bound for other orders and no method.
    """

    knows_the_answers: ClassVar[bool] = False

    def references(self) -> list[Reference]:
        """The names that other rows must make; none by default."""
        return []


class Random(OrderRow):
    """A random order for each seed."""

    kind: Literal["random"]


class ClassifierUncertainty(OrderRow):
    """The items first of which a classifier is least certain.

    Attributes:
        embeddings: the encoder whose stored gallery embeddings are classified.
        classifier: the encoder whose classifier does so; none: the same encoder's.
    """

    embeddings: Name
    classifier: Name | None = None

    @property
    def judge(self) -> str:
        """The encoder whose classifier is asked."""
        return self.classifier or self.embeddings

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        judge = "classifier" if self.classifier else "embeddings"
        return [
            Reference("embeddings", self.embeddings, "encoder"),
            Reference(judge, self.judge, "classifier"),
        ]


class LeastConfidence(ClassifierUncertainty):
    """By the probability of the likeliest class (RACT, eq. 9)."""

    kind: Literal["least_confidence"]


class Margin(ClassifierUncertainty):
    """By the gap between the two likeliest classes (RACT, eq. 10)."""

    kind: Literal["margin"]


class Entropy(ClassifierUncertainty):
    """By the entropy of the class probabilities (RACT, eq. 11)."""

    kind: Literal["entropy"]


class Predicted(OrderRow):
    """By the log-variance that a transform predicts of its own error (FastFill)."""

    kind: Literal["predicted"]
    transform: Name

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        return [Reference("transform", self.transform, "prediction")]


Scores = Annotated[LeastConfidence | Margin | Entropy | Predicted, Field(discriminator="kind")]


class Coverage(OrderRow):
    """First one item of every neighbourhood, then the rest, mixed with the highest scores.

    Attributes:
        over: the embedding set whose neighbourhoods are covered.
        scores: which items of the rest come early.
        cell_size: items in the largest neighbourhood.
        scored_share: how much of the rest is taken by score; what remains is taken at random.
    """

    kind: Literal["coverage"]
    over: str
    scores: Scores
    cell_size: Count = 5
    scored_share: Annotated[float, Field(ge=0, le=1)] = 0.5

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        scores = [reference.under("scores") for reference in self.scores.references()]
        return [Reference("over", self.over, "set"), *scores]


class ByWorth(OrderRow):
    """By what backfilling an item is really worth, which nobody knows in advance.

    Attributes:
        before, after: the two systems.
        states: random states of the gallery that are looked at.
        queries: how many queries look at each state.
    """

    knows_the_answers: ClassVar[bool] = True

    before: SystemSets
    after: SystemSets
    states: Count = 8
    queries: Count = 500

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        return [*self.before.references("before"), *self.after.references("after")]


class Oracle(ByWorth):
    """By the worth of an item to mAP, from labels and new embeddings."""

    kind: Literal["oracle"]


class OracleWithoutLabels(ByWorth):
    """By the worth of an item to agreeing with the full new ranking, from new embeddings alone.

    Attributes:
        neighbours: the items that `after` ranks first in the whole gallery, which are to be found.
    """

    kind: Literal["oracle_without_labels"]
    neighbours: Count = 10


Order = Annotated[
    Random
    | LeastConfidence
    | Margin
    | Entropy
    | Predicted
    | Coverage
    | Oracle
    | OracleWithoutLabels,
    Field(discriminator="kind"),
]
