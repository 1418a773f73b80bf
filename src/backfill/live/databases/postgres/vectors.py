"""Vectors as pgvector sends them: `vector_send`, in binary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfill.arrays import Float32s

_HEADER = 4  # bytes: the width and an unused number


def parsed(sent: Sequence[bytes]) -> Float32s:
    """(n, d) vectors; (0, 0) if there are none."""
    if not sent:
        return np.zeros((0, 0), np.float32)
    rows = np.frombuffer(b"".join(sent), np.uint8).reshape(len(sent), -1)[:, _HEADER:]
    return np.ascontiguousarray(rows).view(">f4").astype(np.float32)


def unit(vector: Float32s) -> Float32s:
    """A vector of length 1 in the same direction; zero stays zero."""
    vector = np.asarray(vector, np.float32)
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
