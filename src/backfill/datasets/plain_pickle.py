"""Reads pickles of plain data without trusting them.

A pickle is a program that may call anything. Here it can name nothing but a handful of stand-ins,
which keep shapes, types and bytes as data; values are made of them afterwards.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backfill.errors import InputError


def unpickle(path: Path) -> Any:
    """What a pickle of containers, strings, numbers and NumPy arrays holds; calls nothing else.

    Arrays, tuples and sets become lists. Raises :class:`InputError` naming the file, and the
    class where it asks for another one.
    """
    try:
        with path.open("rb") as file:
            # latin1: what Python 2 wrote has its arrays' bytes in strings.
            return _plain(_Unpickler(file, encoding="latin1").load())
    except _NotAllowed as error:
        raise InputError(
            f"{path}: found {error}, expected containers, strings, numbers and NumPy arrays alone; "
            "not loaded"
        ) from None
    except FileNotFoundError:
        raise InputError(f"{path}: found no such file") from None
    except Exception as error:  # A damaged pickle fails in any way there is.
        raise InputError(f"{path}: no readable pickle ({error or type(error).__name__})") from error


class _NotAllowed(Exception):
    """The pickle names something that is not on the list."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        # NumPy 2 renamed numpy.core; Python 3 renamed __builtin__.
        module = module.replace("numpy._core", "numpy.core").replace("__builtin__", "builtins")
        if (module, name) not in ALLOWED:
            raise _NotAllowed(f"{module}.{name}")
        return ALLOWED[module, name]


class _DType:
    """Keeps what a dtype is made from."""

    def __init__(self, code: str, *_: Any) -> None:
        self.code, self.order = code, "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        # Truth values, numbers, and fixed-length strings: nothing that holds references.
        if self.code[:1] not in tuple("biufSU"):
            raise _NotAllowed(f"dtype {self.code!r}")
        return np.dtype(f"{self.order}{self.code}")


class _Array:
    """Keeps what an array is made from."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.dtype, self.fortran, self.data = state

    def numpy(self) -> list[Any]:
        """Its items, as nested lists."""
        if isinstance(self.data, list):  # An array of objects pickles as a list of them.
            return [_plain(item) for item in self.data]
        array = _from_bytes(self.data, self.dtype)
        items: list[Any] = array.reshape(self.shape, order="F" if self.fortran else "C").tolist()
        return items


def _from_bytes(data: Any, dtype: _DType) -> NDArray[Any]:
    raw = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(raw, bytes | bytearray):
        raise _NotAllowed(f"a {type(data).__name__} in place of an array's bytes")
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
    """Stands for numpy.ndarray, which pickles pass on and nothing here calls."""


ALLOWED: dict[tuple[str, str], Any] = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    # How bytes look in old protocols, and how they do where there are none.
    ("_codecs", "encode"): _encode,
    ("builtins", "bytes"): _no_bytes,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _DType,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
}


def _plain(value: Any) -> Any:
    """The same with lists in place of arrays, tuples and sets."""
    if isinstance(value, _Array):
        return _plain(value.numpy())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
