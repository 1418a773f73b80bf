"""Reads pickles of plain data without trusting them.

A pickle is a program that may call any function. Here it can only name a handful of stand-ins,
which store shapes, types and bytes as data. Values are built from them afterwards.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from backfill.arrays import Array
from backfill.errors import InputError


def unpickle(path: Path) -> Any:
    """Load a pickle of containers, strings, numbers and NumPy arrays; calls nothing else.

    Args:
        path: the pickle, of any protocol, written by Python 2 or 3.

    Returns:
        Its content, with lists in place of arrays, tuples and sets.

    Raises:
        InputError: the file is missing or damaged, or asks for anything else, which is named.
    """
    try:
        with path.open("rb") as file:
            # latin1: Python 2 wrote the bytes of arrays as strings.
            return _plain(_Unpickler(file, encoding="latin1").load())
    except _NotAllowed as error:
        raise InputError(
            f"{path}: expected only containers, strings, numbers and NumPy arrays, got {error}; "
            "not loaded"
        ) from None
    except FileNotFoundError:
        raise InputError(f"{path}: expected a pickle, got no such file") from None
    except Exception as error:  # a damaged pickle may raise anything
        reason = error or type(error).__name__
        raise InputError(f"{path}: expected a readable pickle, got: {reason}") from error


class _NotAllowed(Exception):
    """The pickle asks for something that is not in `ALLOWED`."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        # NumPy 2 renamed numpy.core; Python 3 renamed __builtin__.
        module = module.replace("numpy._core", "numpy.core").replace("__builtin__", "builtins")
        if (module, name) not in ALLOWED:
            raise _NotAllowed(f"{module}.{name}")
        return ALLOWED[module, name]


class _DType:
    """Stores the arguments that a dtype is built from."""

    def __init__(self, code: str, *_: Any) -> None:
        self.code, self.order = code, "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        # Only booleans, numbers and fixed-length strings: nothing that holds references.
        if self.code[:1] not in tuple("biufSU"):
            raise _NotAllowed(f"dtype {self.code!r}")
        return np.dtype(f"{self.order}{self.code}")


class _Array:
    """Stores the arguments that an array is built from."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.dtype, self.fortran, self.data = state

    def numpy(self) -> list[Any]:
        """Return the items as nested lists."""
        if isinstance(self.data, list):  # an array of objects is pickled as a list of them
            return [_plain(item) for item in self.data]
        array = _from_bytes(self.data, self.dtype)
        items: list[Any] = array.reshape(self.shape, order="F" if self.fortran else "C").tolist()
        return items


def _from_bytes(data: Any, dtype: _DType) -> Array:
    raw = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(raw, bytes | bytearray):
        raise _NotAllowed(f"a {type(data).__name__} instead of the bytes of an array")
    return np.frombuffer(raw, dtype.numpy())


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _frombuffer(data: Any, dtype: _DType, shape: Any, order: str) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", data))
    return array


def _scalar(dtype: _DType, data: Any) -> Any:
    return _from_bytes(data, dtype).item()


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise _NotAllowed(f"encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


class _ArrayType:
    """Stands for numpy.ndarray, which pickles pass as an argument and nothing here calls."""


ALLOWED: dict[tuple[str, str], Any] = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    # Old protocols encode bytes as text, and empty bytes as a call of `bytes`.
    ("_codecs", "encode"): _encode,
    ("builtins", "bytes"): _no_bytes,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _DType,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
}


def _plain(value: Any) -> Any:
    """Replace arrays, tuples and sets by lists, at any depth."""
    if isinstance(value, _Array):
        return _plain(value.numpy())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
