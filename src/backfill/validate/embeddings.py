"""Rows of embeddings, and systems of a query and a gallery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backfill.arrays import Array, Floats, System
from backfill.errors import InputError
from backfill.validate.conversion import array

_TYPES = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


def rows_like(name: str, values: ArrayLike) -> Floats:
    """Return (items, dimensions) of float16, float32 or float64, without a look at the numbers."""
    # A memory-mapped array stays one: its reader gives its pages back.
    rows: Array = values if isinstance(values, np.memmap) else array(name, values)
    if rows.dtype not in _TYPES:
        raise InputError(f"{name}: expected float16, float32 or float64, got {rows.dtype}")
    if rows.ndim != 2:
        raise InputError(
            f"{name}: expected a 2-D array (items, dimensions), got shape {rows.shape}"
        )
    if rows.shape[0] == 0:
        raise InputError(f"{name}: expected at least one row, got shape {rows.shape}")
    if rows.shape[1] == 0:
        raise InputError(f"{name}: expected at least one dimension, got shape {rows.shape}")
    return rows


def embeddings(name: str, values: ArrayLike) -> Floats:
    """Return `values` as a finite (items, dimensions) array of float16, float32 or float64."""
    rows = np.asarray(rows_like(name, values))
    finite = np.isfinite(rows)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"{name}: expected finite numbers, "
            f"got {rows[row, column]} at row {row}, column {column}"
        )
    zero = ~rows.any(axis=1)
    if zero.any():
        raise InputError(
            f"{name}: expected vectors with a direction, got a zero vector at row {np.argmax(zero)}"
        )
    return rows


def system(name: str, values: Sequence[ArrayLike]) -> System:
    """Return a system whose checked query and gallery embeddings have equal dimension."""
    pair(name, values)
    return comparable(f"{name}[0] (query)", values[0], f"{name}[1] (gallery)", values[1])


def pair(name: str, values: Sequence[Any]) -> None:
    """Require a pair (query, gallery), whatever is in it."""
    if not isinstance(values, tuple | list) or len(values) != 2:
        found = (
            f"{len(values)} values" if isinstance(values, tuple | list) else type(values).__name__
        )
        raise InputError(f"{name}: expected a pair (query, gallery), got {found}")


def comparable(query_name: str, query: ArrayLike, gallery_name: str, gallery: ArrayLike) -> System:
    """Return checked query and gallery embeddings of equal dimension."""
    checked = System(embeddings(query_name, query), embeddings(gallery_name, gallery))
    expected, found = checked.query.shape[1], checked.gallery.shape[1]
    if expected != found:
        raise InputError(
            f"{gallery_name}: expected {expected} dimensions as in {query_name}, got {found}"
        )
    return checked


def same_length(name: str, rows: Array, length: int, other: str) -> None:
    """Require that an array has `length` rows, as many as the array that `other` names."""
    if len(rows) != length:
        raise InputError(f"{name}: expected {length} rows as in {other}, got {len(rows)}")
