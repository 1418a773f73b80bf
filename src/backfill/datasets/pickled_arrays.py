"""What arrays, data types and scalars of NumPy are in a pickle, and the values in them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from backfill.arrays import Array

_VALUES = 1_000_000
_DEPTH = 20
_DIMENSIONS = 4
_SHARE = 16  # bytes that count as one more value
_WIDEST = 1 << 16  # bytes of an item
_LARGEST = 1 << 63


class NotAllowed(Exception):
    """The pickle asks for something that plain data does not need."""


class Global:
    """A name of another module, which stands for itself and is never looked up."""

    def __init__(self, module: str, name: str) -> None:
        # NumPy 2 renamed numpy.core; Python 3 renamed __builtin__.
        module = module.replace("numpy._core", "numpy.core").replace("__builtin__", "builtins")
        self.name = f"{module}.{name}"


@dataclass
class PickledType:
    """What a data type is built from."""

    code: str
    order: str = "|"

    def set_state(self, state: Any) -> None:
        """Take the byte order from what `dtype.__reduce__` gave."""
        self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        """The type: of booleans, numbers and strings, nothing that holds references."""
        code, order = self.code, self.order
        plain = isinstance(code, str) and code[:1] in tuple("biufSU") and code[1:].isdecimal()
        if not plain or len(code) > 8 or order not in tuple("|<>="):
            raise NotAllowed(f"dtype {code!r:.40}")
        dtype = np.dtype(f"{order}{code}")
        if dtype.itemsize > _WIDEST:
            raise NotAllowed(f"dtype {code!r:.40}")
        return dtype


@dataclass
class PickledArray:
    """What an array is built from, or a single item of one."""

    shape: Any = ()
    dtype: Any = None
    fortran: Any = False
    data: Any = b""

    def set_state(self, state: Any) -> None:
        """Take what `ndarray.__reduce__` gave."""
        _, self.shape, self.dtype, self.fortran, self.data = state

    def items(self) -> Any:
        """The items as nested lists; the only one of no dimensions."""
        raw = self.data.encode("latin1") if isinstance(self.data, str) else self.data
        if not isinstance(raw, bytes) or not isinstance(self.dtype, PickledType):
            raise NotAllowed(f"a {type(self.data).__name__} instead of the bytes of an array")
        array: Array = np.frombuffer(raw, self.dtype.numpy())
        shape = tuple(self.shape)
        if len(shape) > _DIMENSIONS or not all(type(n) is int and 0 <= n <= _VALUES for n in shape):
            raise ValueError("an array of another shape")
        if sum(prod(shape[:axis]) for axis in range(1, len(shape) + 1)) > _VALUES:
            raise ValueError(f"more than {_VALUES:,} values")
        return array.reshape(shape, order="F" if self.fortran else "C").tolist()


class Expansion:
    """Makes lists of arrays, tuples and sets, as often as they are mentioned, up to a limit."""

    def __init__(self) -> None:
        self.left = _VALUES

    def of(self, value: Any, depth: int = 0) -> Any:
        """The plain form of a value.

        Raises:
            ValueError: there are too many values, too deep, or an integer too large.
            NotAllowed: it is of no plain type.
        """
        self.left -= 1
        if self.left < 0:
            raise ValueError(f"more than {_VALUES:,} values")
        if depth > _DEPTH:
            raise ValueError(f"more than {_DEPTH} containers in each other, or one in itself")
        if isinstance(value, PickledArray):
            if isinstance(value.data, str | bytes):
                self.left -= len(value.data) // _SHARE
            # An array of objects is pickled as a list of them.
            held = isinstance(value.data, list)
            return self.of(value.data if held else value.items(), depth + 1)
        if isinstance(value, dict):
            return {key: self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(item, depth + 1) for item in value]
        if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
            raise ValueError("an integer of more than 64 bits")
        if value is None or isinstance(value, bool | int | float | str | bytes):
            return value
        raise NotAllowed(f"a {getattr(value, 'name', type(value).__name__)}")
