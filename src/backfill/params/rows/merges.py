"""Ways to put the items of two systems into one ranking, as `merge` of a method."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from backfill.params.base import Count, Section, Seed


class Plain(Section):
    """A merge that has no settings."""

    kind: Literal["distance", "reciprocal_rank", "min_max", "z_score"]


class LabelledCalibration(Section):
    """A calibration fitted on the labels of half of the queries, for the other half.

    Attributes:
        seed: of the halves.
    """

    kind: Literal["isotonic", "logistic"]
    seed: Seed = 0


class BackgroundCalibration(Section):
    """A calibration against a sample of the items that are backfilled already.

    Attributes:
        background: items in the sample; all that are backfilled while they are fewer.
        seed: of the sample.
    """

    kind: Literal["background_z_score", "background_nearest"]
    background: Count = 1000
    seed: Seed = 0


def _kind_alone(value: Any) -> Any:
    """A name is short for a kind with its default settings."""
    return {"kind": value} if isinstance(value, str) else value


Merge = Annotated[
    Annotated[Plain | LabelledCalibration | BackgroundCalibration, Field(discriminator="kind")],
    BeforeValidator(_kind_alone),
]
