"""Closed forms by the name that a row of `transforms` gives as its `closed_form`."""

from __future__ import annotations

from typing import Protocol

from backfill.align.affine import AffineMap
from backfill.arrays import Array
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
