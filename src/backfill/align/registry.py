"""Closed forms by the name that a row of `transforms` gives as its `closed_form`, and methods."""

from __future__ import annotations

from typing import Protocol

from backfill.align.affine import AffineMap
from backfill.align.maps import Map
from backfill.arrays import Array, Float32s
from backfill.registry import Registry


class ClosedForm(Protocol):
    """Fits a map on pairs of embeddings."""

    def __call__(self, source: Array, target: Array) -> AffineMap:
        """Return the map from one space to the other.

        Args:
            source: (N, D) embeddings by one encoder, or (V, N, D) in V views.
            target: (N, D') or (V, N, D') embeddings of the same items and views by another one.

        Raises:
            InputError: these are not pairs, or too few.
        """


CLOSED_FORMS: Registry[ClosedForm] = Registry("backfill.align")


class Method(Protocol):
    """Fits a map on pairs of unit length, for :func:`backfill.align.fit`."""

    def __call__(self, old: Float32s, new: Float32s, *, held_out: float, seed: int) -> Map:
        """Return the map from the old space to the new one.

        Args:
            old: (n, D) of unit length.
            new: (n, D') of unit length, of the same items.
            held_out: share of the pairs that judge at a time.
            seed: of the choice of these, and of whatever else is drawn.
        """


METHODS: Registry[Method] = Registry("backfill.align")
