"""Rows of `splits`: how the training set is shared out among encoders."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backfill.params.base import Fraction, Section, Seed


class FractionSplit(Section):
    """The old encoder sees a `fraction` of the classes, or of every class's images."""

    allocation: Literal["extended_class", "open_class", "expansion", "open_data"]
    fraction: Fraction
    seed: Seed

    @property
    def shares(self) -> list[str]:
        """Names of the shares of the training set."""
        return ["old", "new"]


class SequentialSplit(Section):
    """Generations of encoders see growing, nested shares of every class."""

    allocation: Literal["sequential"]
    fractions: Annotated[list[Fraction], Field(min_length=2)]
    seed: Seed

    @property
    def shares(self) -> list[str]:
        """Names of the shares of the training set."""
        return [f"gen{g}" for g in range(len(self.fractions))]


class BiasedSplit(Section):
    """The old encoder sees only a `fraction` of the images of the `minority` groups."""

    allocation: Literal["biased"]
    minority: Annotated[list[str], Field(min_length=1)]
    fraction: Annotated[float, Field(ge=0, lt=1)]
    seed: Seed

    @property
    def shares(self) -> list[str]:
        """Names of the shares of the training set."""
        return ["old", "new"]


class Undivided(Section):
    """One share, `all`: for encoders that are not trained here."""

    allocation: Literal["undivided"]

    @property
    def shares(self) -> list[str]:
        """Names of the shares of the training set."""
        return ["all"]


Split = Annotated[
    FractionSplit | SequentialSplit | BiasedSplit | Undivided, Field(discriminator="allocation")
]
