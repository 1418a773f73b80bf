"""Rows of a gallery: indices, labels, permutations, flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backfill.arrays import Array, Bools, Int64s
from backfill.errors import InputError
from backfill.validate.conversion import array, shown

_INT64 = np.iinfo(np.int64)


def integers(name: str, values: ArrayLike) -> Int64s:
    """Return `values` as a 1-D int64 array; an empty sequence may have any type."""
    found = array(name, values)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise InputError(
            f"{name}: expected a 1-D array of integers, got {found.dtype} of shape {found.shape}"
        )
    return _int64(name, found)


def _int64(name: str, found: Array) -> Int64s:
    """Integers as int64, none of which wraps around to a negative number."""
    if found.size and found.dtype.kind in "uO" and found.max() > _INT64.max:
        raise InputError(f"{name}: expected integers below 2^63, got {shown(found.max())}")
    if found.size and found.dtype.kind == "O" and found.min() < _INT64.min:
        raise InputError(f"{name}: expected integers from -2^63 on, got {shown(found.min())}")
    return found.astype(np.int64, copy=False)


def labels(name: str, values: ArrayLike) -> Array:
    """Return `values` as a 1-D array of int64 or strings; an empty sequence may have any type."""
    found = array(name, values)
    if found.ndim == 1 and found.dtype.kind == "U":
        if isinstance(values, list | tuple):  # NumPy makes a string of what stands beside one
            _only(name, values, str, "strings")
        return found
    if found.ndim == 1 and found.dtype.kind in "OT" and found.size:  # as data frames hold strings
        if _is_integer(found[0]):
            _only(name, found, int, "integers")
            return _int64(name, found)
        _only(name, found, str, "integers or strings")
        return found.astype(np.str_)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise InputError(
            f"{name}: expected a 1-D array of integers or strings, "
            f"got {found.dtype} of shape {found.shape}"
        )
    return _int64(name, found)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _only(name: str, values: Any, kind: type, expected: str) -> None:
    wanted = _is_integer if kind is int else lambda value: isinstance(value, str)
    for value in values:
        if not wanted(value):
            raise InputError(f"{name}: expected {expected}, got {shown(value)}")


def ranked(name: str, values: ArrayLike) -> Int64s:
    """Return ranked lists of gallery rows as a 2-D int64 array (queries, ranks)."""
    found = array(name, values)
    if found.ndim != 2 or found.dtype.kind not in "iu":
        raise InputError(
            f"{name}: expected integers (queries, ranks), got {found.dtype} of shape {found.shape}"
        )
    return _int64(name, found)


def indices(name: Callable[[int], str], values: Int64s, size: int) -> None:
    """Require values in 0..size-1; `name` says where the value at a position came from."""
    outside = (values < 0) | (values >= size)
    if outside.any():
        at = int(np.argmax(outside))
        raise InputError(f"{name(at)}: expected indices in 0..{size - 1}, got {values[at]}")


def position(name: str, value: int, size: int) -> int:
    """Return one index in 0..size-1."""
    if not _is_integer(value) or not 0 <= value < size:
        raise InputError(f"{name}: expected an index in 0..{size - 1}, got {shown(value)}")
    return int(value)


def ascending(name: str, values: ArrayLike, size: int) -> Int64s:
    """Return `values` as strictly ascending indices in 0..size-1."""
    found = integers(name, values)
    indices(lambda at: f"{name}[{at}]", found, size)
    falls = np.diff(found) <= 0
    if falls.any():
        at = int(np.argmax(falls))
        raise InputError(
            f"{name}: expected ascending indices, got {found[at]} and then {found[at + 1]}"
        )
    return found


def permutation(name: str, values: ArrayLike, size: int) -> Int64s:
    """Return `values` as a permutation of 0..size-1."""
    order = integers(name, values)
    expected = f"expected a permutation of 0..{size - 1}"
    if len(order) != size:
        raise InputError(f"{name}: {expected}, got {len(order)} entries")
    outside = (order < 0) | (order >= size)
    if outside.any():
        at = int(np.argmax(outside))
        raise InputError(f"{name}: {expected}, got {order[at]} at position {at}")
    times = np.bincount(order, minlength=size)
    if times.max() > 1:
        twice = int(np.argmax(times))
        raise InputError(f"{name}: {expected}, got {twice} {times[twice]} times")
    return order


def flags(name: str, values: ArrayLike | None, size: int) -> Bools:
    """Return a bool for each of `size` items, all of them false if `values` is None."""
    if values is None:
        return np.zeros(size, bool)
    found = array(name, values)
    if found.dtype != np.bool_ or found.shape != (size,):
        raise InputError(f"{name}: expected {size} bools, got {found.dtype} of shape {found.shape}")
    return found
