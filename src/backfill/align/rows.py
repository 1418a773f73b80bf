"""Rows that no map can read."""

from __future__ import annotations

import numpy as np

from backfill.arrays import Array, moderate
from backfill.errors import InputError

NAMED = 5


def require_rows(what: str, rows: Array, first: int = 0) -> None:
    """Require rows of floating numbers that are finite and not all zero.

    Args:
        what: they are, for messages.
        rows: (n, D).
        first: number of the first of them.

    Raises:
        InputError: some are not; it names up to five of them.
    """
    if not np.issubdtype(rows.dtype, np.floating):
        raise InputError(f"{what}: expected floating numbers, got {rows.dtype}")
    if rows.ndim != 2:
        raise InputError(f"{what}: expected (items, dimensions), got shape {rows.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(moderate(rows).astype(np.float32, copy=False), axis=1)
    bad = np.flatnonzero(~(np.isfinite(length) & (length > 0)))
    if len(bad):
        named = ", ".join(str(first + row) for row in bad[:NAMED])
        more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        raise InputError(
            f"{what}: expected finite rows that are not zero, got others: row {named}{more}"
        )
