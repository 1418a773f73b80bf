"""Counts, seeds, shares, fractions."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from backfill.arrays import Float64s, Floats
from backfill.errors import InputError
from backfill.validate.conversion import array, shown
from backfill.validate.items import integers

LARGEST = 2**31 - 2  # ranks and rows are int32 where it matters
_FRACTIONS = 1_000_000


def count(name: str, value: Any, least: int = 1, most: int = LARGEST) -> int:
    """Return an integer of at least `least` and at most `most`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name}: expected an integer of at least {least}, got {shown(value)}")
    if value > most:
        raise InputError(f"{name}: expected an integer of at most {most}, got {shown(value)}")
    return int(value)


def seed(name: str, value: Any) -> int:
    """Return the seed of a generator: an integer from 0 to 2^63 - 1."""
    return count(name, value, 0, 2**63 - 1)


def number(
    name: str, value: Any, low: float = -inf, high: float = inf, *, inside: bool = False
) -> float:
    """Return a finite number from `low` to `high`; `inside` leaves out both ends."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    try:
        found = float(value) if real else inf
    except OverflowError:
        found = inf
    if not (np.isfinite(found) and (low < found < high if inside else low <= found <= high)):
        words = "above {} and below {}" if inside else "from {} to {}"
        if (low, high) == (-inf, inf):
            words = ""
        elif high == inf:
            words = "above {}" if inside else "of at least {}"
        expected = f"a finite number {words.format(f'{low:g}', f'{high:g}')}".rstrip()
        raise InputError(f"{name}: expected {expected}, got {shown(value)}")
    return found


def share(name: str, value: Any, *, inside: bool = False) -> float:
    """Return a share from 0 to 1; `inside` leaves out both ends."""
    return number(name, value, 0, 1, inside=inside)


def switch(name: str, value: Any) -> bool:
    """Return True or False."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name}: expected True or False, got {shown(value)}")
    return bool(value)


def fractions(name: str, values: int | Sequence[float] | Floats) -> Float64s:
    """Return the backfill fractions: `values` of them from 0 to 1, or the given ones."""
    expected = "expected an integer, 'all' or increasing fractions"
    if isinstance(values, bool | np.bool_):
        raise InputError(f"{name}: {expected}, got {values}")
    if isinstance(values, int | np.integer):
        return np.linspace(0.0, 1.0, count(name, values, 2, _FRACTIONS))
    found = array(name, values)
    if found.ndim == 0 or (found.size and found.dtype.kind not in "iuf"):
        raise InputError(f"{name}: {expected}, got {shown(values)}")
    if found.ndim != 1 or found.size == 0:
        raise InputError(f"{name}: {expected}, got shape {found.shape}")
    outside = ~((found >= 0) & (found <= 1))  # true for NaN as well
    if outside.any():
        raise InputError(f"{name}: expected fractions in [0, 1], got {found[np.argmax(outside)]}")
    found = found.astype(np.float64)
    falls = np.diff(found) <= 0
    if falls.any():
        at = int(np.argmax(falls))
        raise InputError(
            f"{name}: expected increasing fractions, got {found[at]} and then {found[at + 1]}"
        )
    return found


def cutoffs(name: str, values: Sequence[int]) -> tuple[int, ...]:
    """Return the distinct ranks k >= 1 up to which hits are counted."""
    found = integers(name, values)
    if found.size == 0:
        raise InputError(f"{name}: expected at least one k, got none")
    if found.min() < 1:
        raise InputError(f"{name}: expected k >= 1, got {found.min()}")
    if found.max() > LARGEST:
        raise InputError(f"{name}: expected k <= {LARGEST}, got {found.max()}")
    if len(np.unique(found)) < len(found):
        raise InputError(f"{name}: expected distinct k, got {tuple(found.tolist())}")
    return tuple(found.tolist())


def depth(name: str, value: int | None, size: int) -> int:
    """Return the last rank that counts: `value`, or `size` if that is less or there is none."""
    if value is None:
        return size
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name}: expected an integer of at least 1, or None, got {shown(value)}")
    return min(int(value), size)
