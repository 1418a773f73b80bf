"""Checks of what a caller passes in.

Each message names the argument, what was expected and what was found.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill.errors import InputError

Floats = NDArray[np.floating[Any]]
Int64s = NDArray[np.int64]


def embeddings(name: str, values: ArrayLike) -> Floats:
    """Return `values` as a finite (items, dimensions) array of float16, float32 or float64."""
    array: NDArray[Any] = np.asarray(values)
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


def pair(name: str, values: Sequence[ArrayLike]) -> tuple[Floats, Floats]:
    """Return a checked (query, gallery) pair of one system, of equal dimension."""
    two(name, values)
    return comparable(f"{name}[0] (query)", values[0], f"{name}[1] (gallery)", values[1])


def two(name: str, values: Sequence[ArrayLike]) -> None:
    """Require a (query, gallery) pair, whatever is in it."""
    if not isinstance(values, tuple | list) or len(values) != 2:
        found = (
            f"{len(values)} values" if isinstance(values, tuple | list) else type(values).__name__
        )
        raise InputError(f"{name}: expected a pair (query, gallery), got {found}")


def comparable(
    query_name: str, query: ArrayLike, gallery_name: str, gallery: ArrayLike
) -> tuple[Floats, Floats]:
    """Return checked query and gallery embeddings of equal dimension."""
    rows, columns = embeddings(query_name, query), embeddings(gallery_name, gallery)
    if rows.shape[1] != columns.shape[1]:
        raise InputError(
            f"{gallery_name}: expected {rows.shape[1]} dimensions as in {query_name}, "
            f"got {columns.shape[1]}"
        )
    return rows, columns


def same_length(name: str, array: Floats, length: int, other: str) -> None:
    """Require that `array` has `length` rows, the length of what `other` names."""
    if len(array) != length:
        raise InputError(f"{name}: expected {length} rows as in {other}, got {len(array)}")


def integers(name: str, values: ArrayLike) -> Int64s:
    """Return `values` as a 1-D int64 array; an empty sequence of any type is one."""
    array: NDArray[Any] = np.asarray(values)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise InputError(
            f"{name}: expected a 1-D array of integers, got {array.dtype} of shape {array.shape}"
        )
    return array.astype(np.int64)


def indices(name: Callable[[int], str], values: Int64s, size: int) -> None:
    """Require values in 0..size-1; `name` says where the value at a place came from."""
    outside = (values < 0) | (values >= size)
    if outside.any():
        at = int(np.argmax(outside))
        raise InputError(f"{name(at)}: expected indices in 0..{size - 1}, got {values[at]}")


def permutation(name: str, values: ArrayLike, size: int) -> tuple[Int64s, Int64s]:
    """Return a permutation of 0..size-1 and its inverse."""
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
    inverse = np.empty(size, np.int64)
    inverse[order] = np.arange(size)
    return order, inverse


def fractions(name: str, values: int | Sequence[float] | Floats) -> NDArray[np.float64]:
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
    """Return the distinct k >= 1 at which top-k hits are wanted."""
    array = integers(name, values)
    if array.size == 0:
        raise InputError(f"{name}: expected at least one k, got none")
    if array.min() < 1:
        raise InputError(f"{name}: expected k >= 1, got {array.min()}")
    if len(np.unique(array)) < len(array):
        raise InputError(f"{name}: expected distinct k, got {tuple(array.tolist())}")
    return tuple(array.tolist())


def depth(name: str, value: int | None, size: int) -> int:
    """Return the last rank that counts: `value`, or all of them where it is None."""
    if value is None:
        return size
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name}: expected an integer of at least 1, or None, got {value}")
    return int(value)


def flags(name: str, values: ArrayLike | None, size: int) -> NDArray[np.bool_]:
    """Return a truth value for each of `size` items, all of them false where `values` is None."""
    if values is None:
        return np.zeros(size, bool)
    array: NDArray[Any] = np.asarray(values)
    if array.dtype != np.bool_ or array.shape != (size,):
        raise InputError(f"{name}: expected {size} bools, got {array.dtype} of shape {array.shape}")
    return array


def one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    """Require a known name."""
    if value not in allowed:
        raise InputError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
