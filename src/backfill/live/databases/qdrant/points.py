"""Vectors of a point, and fingerprints that are stored as vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from backfill.arrays import Float32s

PRINT_WIDTH = 32  # bytes of SHA-256


def vector_of(point: Any, name: str) -> Float32s | None:
    """A vector of a point; None if it has none of this name."""
    found = point.vector
    if isinstance(found, list):
        found = {"": found}
    found = (found or {}).get(name)
    return None if found is None else np.asarray(found, np.float32)


def as_hex(stored: Float32s) -> str:
    """A fingerprint that was stored as a vector."""
    return stored.astype(np.uint8).tobytes().hex()


def as_vector(print_: str) -> list[float]:
    """A fingerprint as a vector: its bytes, which 32-bit floats hold exactly."""
    return [float(byte) for byte in bytes.fromhex(print_)]
