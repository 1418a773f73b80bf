"""Failures of LanceDB that pass."""

from __future__ import annotations

from backfill.live.steady import steady


def _passes(error: BaseException) -> bool:
    """Conflicts with other writers, and failures of input and output."""
    return isinstance(error, (RuntimeError, OSError))


patient = steady("lancedb", _passes)
