"""Names, and objects of a class."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from backfill.errors import InputError
from backfill.validate.conversion import shown

T = TypeVar("T")


def one_of(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Require one of the allowed names."""
    names = tuple(allowed)
    if not isinstance(value, str) or value not in names:
        raise InputError(f"{name}: expected one of {', '.join(names)}, got {shown(value)}")


def text(name: str, value: Any) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise InputError(f"{name}: expected a string, got {shown(value)}")
    return value


def path(name: str, value: Any) -> Path:
    """Return a path of a file."""
    try:
        found = os.fsencode(value) if isinstance(value, str | os.PathLike) else b""
    except UnicodeEncodeError:
        found = b""
    if not found or b"\0" in found:
        raise InputError(f"{name}: expected a path, got {shown(value)}")
    return Path(value)


def instance(name: str, value: Any, kind: type[T]) -> T:
    """Return an object of a class."""
    if not isinstance(value, kind):
        raise InputError(f"{name}: expected a {kind.__name__}, got {shown(value)}")
    return value


def sequence(name: str, values: Any) -> Sequence[Any]:
    """Return a list, tuple or array, whatever is in it."""
    is_array = isinstance(values, np.ndarray) and values.ndim > 0
    if not is_array and (not isinstance(values, Sequence) or isinstance(values, str | bytes)):
        raise InputError(f"{name}: expected a sequence, got {shown(values)}")
    found: Sequence[Any] = values
    return found
