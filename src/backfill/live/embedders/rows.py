"""Whatever a model returned becomes vectors of unit length, or is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfill.arrays import Bools, Float32s
from backfill.live.embedders.failed import Failed


def unit_rows(given: object, texts: Sequence[str], width: int | None) -> Float32s:
    """Check vectors, and scale them to unit length.

    Args:
        given: (n, d) numbers: an array, lists, or what numpy takes for an array.
        texts: n that were embedded.
        width: d, where it is known.

    Returns:
        (n, d) float32.

    Raises:
        Failed: it is something else, or a vector is not finite or zero.
    """
    try:
        rows = np.asarray(given)
    except Exception as error:  # lists of several lengths, or an object's own conversion
        raise Failed(f"{type(given).__name__} that is no array of one width") from error
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise Failed(f"an array of shape {rows.shape} and type {rows.dtype}")
    if len(rows) != len(texts):
        raise Failed(f"{len(rows)} vectors")
    if rows.shape[1] != (width or rows.shape[1]) or not rows.shape[1]:
        raise Failed(f"vectors of width {rows.shape[1]}", alike=True)
    rows = rows.astype(np.float64)
    _require(np.isfinite(rows).all(axis=1), "numbers that are not finite", texts)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    _require(largest[:, 0] > 0, "a vector of zeros", texts)
    rows /= largest  # so that squares neither vanish nor overflow
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def _require(right: Bools, got: str, texts: Sequence[str]) -> None:
    if right.all():
        return
    text = texts[int(np.argmin(right))]
    alone = bool(right.any()) or len(texts) == 1
    raise Failed(f"{got} for {described(text)}", text=text if alone else None)


def described(text: str) -> str:
    """A text by its beginning and its length, for messages."""
    return f"the text {text[:40]!r} of {len(text)} characters"
