"""How a forecast is made."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from backfill.forecast.systems import MAPS

FRACTIONS = tuple(step / 10 for step in range(11))


class Settings(BaseModel):
    """How a forecast is made.

    Attributes:
        fractions: of the gallery that is backfilled, from 0 to 1.
        queries: at most so many are looked at, drawn at random.
        candidates: nearest items of a query by each channel that are looked at.
        completions: how often unknown cosines are completed.
        maps: from the old space to the new one.
        confidence: of intervals.
        cascade: candidates of a query that are embedded on demand.
        seed: of every draw.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fractions: tuple[float, ...] = FRACTIONS
    queries: int = Field(default=1000, ge=1)
    candidates: int = Field(default=1000, ge=10)
    completions: int = Field(default=5, ge=2)
    maps: tuple[str, ...] = MAPS
    confidence: float = Field(default=0.9, gt=0, lt=1)
    cascade: int = Field(default=50, ge=1)
    seed: int = Field(default=0, ge=0)
