"""The rotation that brings one space onto another."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from backfill.align.affine import AffineMap
from backfill.align.moments import Moments, as_views
from backfill.align.registry import CLOSED_FORMS
from backfill.arrays import Array


@CLOSED_FORMS.register("procrustes")
def procrustes(source: Array, target: Array) -> AffineMap:
    """Fit the orthogonal map of the centred embeddings, and one scale.

    With the centred X and Y, R is U V' of the singular value decomposition of X' Y, and s is the
    number that minimises |s X R - Y|. Between spaces of one width, R minimises it too, and keeps
    all angles. Into a wider space R is still an isometry; into a narrower one it is a projection
    onto orthogonal axes (the thin form).

    Args:
        source: (N, D) embeddings by one encoder, or (V, N, D) in V views, which all count.
        target: (N, D') or (V, N, D') of the same items by another encoder.

    Returns:
        The map from source to target.

    Raises:
        InputError: these are not pairs, or fewer than two items, or not finite.

    Source:
        Schoenemann, A Generalized Solution of the Orthogonal Procrustes Problem, Psychometrika
        1966; the scale: Schoenemann & Carroll, Psychometrika 1970.
    """
    found = Moments.of(*as_views(source, target))
    left, values, right = linalg.svd(found.shared, full_matrices=False)
    rotation = left @ right
    turned = np.einsum("di,de,ei", rotation, found.variance, rotation)  # mean |x R|^2
    scale = values.sum() / max(turned, np.finfo(np.float64).tiny)
    return AffineMap.centred(scale * rotation, found.source, found.target)
