"""Closed forms: maps between two spaces of embeddings that need no training and no labels.

Each is fitted on the embeddings of the same items by two encoders, with one linear algebra routine
and in float64, and gives an :class:`AffineMap`. Transforms begin as one of them, and learn on top.

    carried = ridge(old, new)                 # h: the gallery, old -> new
    carried.apply(old_gallery)                # unit length, comparable with new queries
    carried.save(path); AffineMap.load(path)

- :func:`ridge`: least squares, shrunk as held-out pairs ask for; for any two widths.
- :func:`procrustes`: a rotation and one scale, which keep all angles.
- :func:`identity`: nothing changes.
"""

from backfill.align.affine import AffineMap
from backfill.align.identity import identity
from backfill.align.procrustes import procrustes
from backfill.align.registry import CLOSED_FORMS, ClosedForm
from backfill.align.ridge import choose_strength, ridge

__all__ = [
    "CLOSED_FORMS",
    "AffineMap",
    "ClosedForm",
    "choose_strength",
    "identity",
    "procrustes",
    "ridge",
]
