"""Anything a caller hands over, as an array or as a few words in a message."""

from __future__ import annotations

from reprlib import Repr
from typing import Any

import numpy as np

from backfill.arrays import Array, Float64s
from backfill.errors import InputError

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def shown(value: Any) -> str:
    """A value in a message: short, on one line, whatever it is."""
    plain = value.item() if isinstance(value, np.bool_ | np.number) else value
    if isinstance(plain, np.ndarray):
        return f"{plain.dtype} of shape {plain.shape}"
    try:
        return " ".join(_SHORT.repr(plain).split())
    except Exception:  # of a stranger's repr, or of an integer too long to print
        return type(plain).__name__


def array(name: str, values: Any) -> Array:
    """Return `values` as an array, of whatever type and shape.

    Raises:
        InputError: they are no array: ragged lists, masked values, a tensor that cannot be read.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(f"{name}: expected an array without masked values, got a masked one")
    try:
        return np.asarray(values)
    except Exception as error:  # what a stranger's conversion raises has any type
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{name}: expected an array, got {type(values).__name__}: {reason}"
        ) from None


def reals(name: str, values: Any, *, ndim: int | None = None) -> Float64s:
    """Return `values` as float64, NaN and infinities included.

    Args:
        name: for messages.
        values: integers, bools or floating numbers.
        ndim: how many dimensions they must have; None: any.

    Raises:
        InputError: they are others.
    """
    found = array(name, values)
    if found.dtype.kind not in "biuf" or (ndim is not None and found.ndim != ndim):
        shape = "" if ndim is None else f" in a {ndim}-D array"
        raise InputError(
            f"{name}: expected numbers{shape}, got {found.dtype} of shape {found.shape}"
        )
    return found.astype(np.float64, copy=False)
