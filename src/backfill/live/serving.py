"""How waiting items are searched, and how their scores compare with those of backfilled ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backfill.align import Map, Mix, slerp
from backfill.align.maps import unit
from backfill.arrays import Float32s, Float64s
from backfill.errors import InputError
from backfill.forecast.methods import METHODS
from backfill.forecast.systems import HALF_WAY
from backfill.live.terms import Query
from backfill.retrieval.merge.background_nearest import nearest_twentieth


class Scale(NamedTuple):
    """What makes the cosines of one query comparable, per side.

    Attributes:
        origin: cosine that scores 0.
        unit: distance from it that scores 1.
    """

    origin: float
    unit: float

    def score(self, cosine: float) -> float:
        """Score a cosine."""
        return (cosine - self.origin) / self.unit


_MODERATE = (2.0**-60, 2.0**60)  # squares of lengths that float32 holds to its full precision
COSINES = Scale(0.0, 1.0)
Scales = tuple[Scale, Scale]  # of waiting and of backfilled items


@dataclass(frozen=True, eq=False)
class Serving:
    """A method of :data:`backfill.forecast.methods.METHODS`, fitted and ready to serve.

    Attributes:
        method: its name.
        map: from the old space to the new one, by which vectors are carried forward; or None.
        mix: if old and mapped vectors stand side by side.
        back: from the new space to the old one, by which queries are carried back; or None.
        waiting: (n, w) what waiting items look like, of a random sample and of unit length.
        done: (n, d2) new vectors of the same items.
    """

    method: str
    map: Map | None = None
    mix: Mix | None = None
    back: Map | None = None
    waiting: Float32s | None = None
    done: Float32s | None = None

    @property
    def carried(self) -> int | None:
        """Width of the vectors that are carried forward; None if the old ones are searched."""
        if self.map is None:
            return None
        before, after = self.map.dims
        return after if self.mix is None else before + after

    @property
    def needs_old_query(self) -> bool:
        """Whether queries must be embedded by the old model too, while items wait."""
        return self.map is None or self.mix is not None

    @property
    def calibrated(self) -> bool:
        """Whether cosines of the two sides are compared by a background."""
        known = self.waiting is not None and self.done is not None
        return METHODS[self.method].calibrated and known

    def carry(self, old: Float32s) -> Float32s:
        """Carry (n, d1) old vectors forward: (n, w) of unit length.

        Raises:
            InputError: this method carries nothing, or the vectors have another width.
        """
        if self.map is None:
            raise InputError(f"method: expected one that carries vectors, got {self.method!r}")
        mapped = self.map.apply(old)
        return mapped if self.mix is None else self.mix.join(old, mapped)

    def query(self, old: Float32s | None, new: Float32s) -> Query:
        """Make a query for both sides.

        Args:
            old: (d1,) by the old model; may be None if the method does not need it.
            new: (d2,) by the new model.

        Raises:
            InputError: it has no old vector but needs one.
        """
        if old is None and self.needs_old_query:
            raise InputError(
                f"query: expected a vector of the old model too, which {self.method!r} needs, "
                "got none"
            )
        new = unit_vector(new)
        if self.map is not None:
            return Query(new if self.mix is None else self.mix.join(_given(old), new), new)
        start = unit_vector(_given(old))
        if self.back is None:
            return Query(start, new)
        return Query(slerp(start, self.back.apply(new), HALF_WAY), new)

    def scales(self, query: Query) -> Scales:
        """How cosines of waiting and of backfilled items are compared, for one query.

        Source:
            :func:`backfill.retrieval.merge.background_nearest.background_nearest`.
        """
        if not self.calibrated or self.waiting is None or self.done is None:
            return COSINES, COSINES
        return _scale(query.waiting, self.waiting), _scale(query.new, self.done)


def unit_vector(vector: Float32s) -> Float32s:
    """Scale one vector to unit length; only extreme ones take the longer way of :func:`unit`."""
    single = np.asarray(vector, np.float32)
    with np.errstate(over="ignore"):
        square = float(single @ single)
    if _MODERATE[0] < square < _MODERATE[1]:
        return single / np.float32(math.sqrt(square))
    return unit(vector)


def _scale(query: Float32s | None, background: Float32s) -> Scale:
    if query is None:
        return COSINES
    cosines: Float64s = np.asarray(background @ query, np.float64)[None]
    (origin,), (distance,) = nearest_twentieth(cosines)
    return Scale(float(origin), float(distance))


def _given(query: Float32s | None) -> Float32s:
    assert query is not None
    return query
