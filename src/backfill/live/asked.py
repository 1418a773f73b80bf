"""A query's vectors: those that a caller gives, checked, and those of a text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.embedders import Embedder, Unavailable


class Vectors(NamedTuple):
    """A query by both models; see `Serving.needs_old_query` for when the old one may be left out.

    Attributes:
        old: (d1,) by the old model, or None.
        new: (d2,) by the new model, or None.
    """

    old: ArrayLike | None
    new: ArrayLike | None


def embedded(embedder: Embedder, texts: list[str]) -> Float32s:
    """(n, d) vectors of queries.

    Raises:
        InputError: the model cannot be reached.
    """
    try:
        return embedder.queries(texts).vectors
    except Unavailable as error:
        raise InputError(f"query: {error}") from error


def checked(value: ArrayLike | None, name: str) -> Float32s | None:
    """A query's vector; None if there is none.

    Args:
        value: what a caller gave.
        name: field of :class:`Vectors`.

    Raises:
        InputError: it is not one finite vector.
    """
    if value is None:
        return None
    try:
        found = np.asarray(value, np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"query.{name}: expected a vector of numbers, got {value!r:.80}"
        ) from error
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all() or not found.any():
        raise InputError(
            f"query.{name}: expected one finite vector that is not all 0, got shape {found.shape}"
        )
    return found
