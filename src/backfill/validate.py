"""Checks of what a caller passes in.

Each function returns its argument as what the rest of the package works with, or raises InputError
with the name of the argument, what was expected and what was found.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from backfill.arrays import Array, Bools, Float64s, Floats, Int64s, System
from backfill.errors import InputError


def embeddings(name: str, values: ArrayLike) -> Floats:
    """Return `values` as a finite (items, dimensions) array of float16, float32 or float64."""
    array: Array = np.asarray(values)
    if array.dtype not in (np.float16, np.float32, np.float64):
        raise InputError(f"{name}: expected float16, float32 or float64, got {array.dtype}")
    if array.ndim != 2:
        raise InputError(
            f"{name}: expected a 2-D array (items, dimensions), got shape {array.shape}"
        )
    if array.shape[0] == 0:
        raise InputError(f"{name}: expected at least one row, got shape {array.shape}")
    if array.shape[1] == 0:
        raise InputError(f"{name}: expected at least one dimension, got shape {array.shape}")
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"{name}: expected finite numbers, "
            f"got {array[row, column]} at row {row}, column {column}"
        )
    zero = ~array.any(axis=1)
    if zero.any():
        raise InputError(
            f"{name}: expected vectors with a direction, got a zero vector at row {np.argmax(zero)}"
        )
    return array


def system(name: str, values: Sequence[ArrayLike]) -> System:
    """Return a system whose checked query and gallery embeddings have equal dimension."""
    pair(name, values)
    return comparable(f"{name}[0] (query)", values[0], f"{name}[1] (gallery)", values[1])


def pair(name: str, values: Sequence[ArrayLike]) -> None:
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


def same_length(name: str, array: Array, length: int, other: str) -> None:
    """Require that `array` has `length` rows, as many as the array that `other` names."""
    if len(array) != length:
        raise InputError(f"{name}: expected {length} rows as in {other}, got {len(array)}")


def integers(name: str, values: ArrayLike) -> Int64s:
    """Return `values` as a 1-D int64 array; an empty sequence may have any type."""
    array: Array = np.asarray(values)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise InputError(
            f"{name}: expected a 1-D array of integers, got {array.dtype} of shape {array.shape}"
        )
    return array.astype(np.int64)


def labels(name: str, values: ArrayLike) -> Array:
    """Return `values` as a 1-D array of int64 or strings; an empty sequence may have any type."""
    array: Array = np.asarray(values)
    if array.ndim == 1 and array.dtype.kind in "OT":  # as data frames hold strings
        others = [value for value in array if not isinstance(value, str)]
        if others:
            raise InputError(f"{name}: expected integers or strings, got {others[0]!r}")
        return array.astype(np.str_)
    if array.ndim == 1 and array.dtype.kind == "U":
        return array
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(
            f"{name}: expected a 1-D array of integers or strings, "
            f"got {array.dtype} of shape {array.shape}"
        )
    return array.astype(np.int64)


def ranked(name: str, values: ArrayLike) -> Int64s:
    """Return ranked lists of gallery rows as a 2-D int64 array (queries, ranks)."""
    array: Array = np.asarray(values)
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise InputError(
            f"{name}: expected integers (queries, ranks), got {array.dtype} of shape {array.shape}"
        )
    return array.astype(np.int64, copy=False)


def indices(name: Callable[[int], str], values: Int64s, size: int) -> None:
    """Require values in 0..size-1; `name` says where the value at a position came from."""
    outside = (values < 0) | (values >= size)
    if outside.any():
        at = int(np.argmax(outside))
        raise InputError(f"{name(at)}: expected indices in 0..{size - 1}, got {values[at]}")


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


def fractions(name: str, values: int | Sequence[float] | Floats) -> Float64s:
    """Return the backfill fractions: `values` of them from 0 to 1, or the given ones."""
    if isinstance(values, bool | np.bool_):
        raise InputError(
            f"{name}: expected an integer, 'all' or increasing fractions, got {values}"
        )
    if isinstance(values, int | np.integer):
        if values < 2:
            raise InputError(f"{name}: expected an integer of at least 2, got {values}")
        return np.linspace(0.0, 1.0, int(values))
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"{name}: expected an integer, 'all' or increasing fractions, got {values!r}"
        ) from None
    if array.ndim != 1 or array.size == 0:
        raise InputError(
            f"{name}: expected an integer, 'all' or increasing fractions, got shape {array.shape}"
        )
    outside = ~((array >= 0) & (array <= 1))  # true for NaN as well
    if outside.any():
        raise InputError(f"{name}: expected fractions in [0, 1], got {array[np.argmax(outside)]}")
    falls = np.diff(array) <= 0
    if falls.any():
        at = int(np.argmax(falls))
        raise InputError(
            f"{name}: expected increasing fractions, got {array[at]} and then {array[at + 1]}"
        )
    return array


def cutoffs(name: str, values: Sequence[int]) -> tuple[int, ...]:
    """Return the distinct ranks k >= 1 up to which hits are counted."""
    array = integers(name, values)
    if array.size == 0:
        raise InputError(f"{name}: expected at least one k, got none")
    if array.min() < 1:
        raise InputError(f"{name}: expected k >= 1, got {array.min()}")
    if len(np.unique(array)) < len(array):
        raise InputError(f"{name}: expected distinct k, got {tuple(array.tolist())}")
    return tuple(array.tolist())


def depth(name: str, value: int | None, size: int) -> int:
    """Return the last rank that counts: `value`, or `size` if it is None."""
    if value is None:
        return size
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name}: expected an integer of at least 1, or None, got {value}")
    return int(value)


def flags(name: str, values: ArrayLike | None, size: int) -> Bools:
    """Return a bool for each of `size` items, all of them false if `values` is None."""
    if values is None:
        return np.zeros(size, bool)
    array: Array = np.asarray(values)
    if array.dtype != np.bool_ or array.shape != (size,):
        raise InputError(f"{name}: expected {size} bools, got {array.dtype} of shape {array.shape}")
    return array


def one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    """Require one of the allowed names."""
    if value not in allowed:
        raise InputError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
