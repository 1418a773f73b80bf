"""Where formats of vectors register, by suffix."""

from __future__ import annotations

import mmap as mmap_module
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np

from backfill.arrays import Floats, Int64s
from backfill.errors import InputError
from backfill.reading.files import short
from backfill.registry import Registry

# So many bytes are read, or converted, at once.
BLOCK_BYTES = 1 << 20
# After so many blocks, or rows here and there, memory is given back.
_RELEASE = 64
# No model has so many dimensions; a row has to fit in memory.
_WIDEST = 1 << 20
# What compresses better holds no vectors, unless it is small.
_RATIO, _SMALL = 100, 1 << 28
_DONT_NEED: int | None = getattr(mmap_module, "MADV_DONTNEED", None)  # not on Windows
FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


@dataclass(frozen=True)
class Stored:
    """A file with vectors, of which so far only the description has been read.

    Attributes:
        shape: (rows, dimensions).
        dtype: float16, float32 or float64: of the array that it gives.
        mapped: the array, memory-mapped where it lies; None if the file's form does not allow that.
        blocks: gives the array in consecutive stretches of rows, each small.
        ids: gives the rows' ids; None if the file has none.
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    mapped: Floats | None
    blocks: Callable[[], Iterator[Floats]]
    ids: Callable[[], Sequence[str]] | None = None


FORMATS: Registry[Callable[[Path], Stored]] = Registry("backfill.vectors.formats")


def rows_per_block(shape: tuple[int, int], dtype: np.dtype[Any]) -> int:
    """How many rows fit into a block, at least one."""
    return max(1, BLOCK_BYTES // max(1, shape[1] * dtype.itemsize))


def blocks_of(array: Any) -> Iterator[Any]:
    """An array's consecutive stretches of rows.

    Of a memory-mapped one a stretch does not stay in memory once the next is asked for; the system
    would else count all that was ever read as this process's.
    """
    step = rows_per_block(array.shape, array.dtype)
    for start in range(0, array.shape[0], step):
        yield array[start : start + step]
        if start // step % _RELEASE == 0:
            release(array)


def spread(array: Any, count: int) -> Floats:
    """So many rows, evenly spread over an array, or all of fewer."""
    rows = np.linspace(0, len(array) - 1, min(len(array), count)).astype(np.int64)
    return taken(array, rows)


def taken(array: Any, rows: Int64s) -> Floats:
    """Some rows of an array, in memory, and little else of it: a row may bring a megabyte along."""
    found = np.empty((len(rows), array.shape[1]), array.dtype)
    for start in range(0, len(rows), _RELEASE):
        part = slice(start, start + _RELEASE)
        found[part] = array[rows[part]]
        release(array)
    return found


def release(array: Any) -> None:
    """Give back the memory of what was read of a memory-mapped array; it can be read again."""
    file = getattr(array, "base", None)
    if isinstance(file, mmap) and _DONT_NEED is not None:
        file.madvise(_DONT_NEED)


def checked_shape(path: Path, shape: Sequence[int]) -> tuple[int, int]:
    """The shape of a 2-D array with at least one row, and 1 to 2^20 columns.

    Raises:
        InputError: it is another.
    """
    if len(shape) != 2 or min(shape) < 1:
        raise InputError(
            f"{path}: expected an array (rows, dimensions) with at least one of each, "
            f"got shape {short(tuple(shape))}"
        )
    if shape[1] > _WIDEST:
        raise InputError(f"{path}: expected at most {_WIDEST:,} dimensions, got {shape[1]:,}")
    return int(shape[0]), int(shape[1])


def checked_dtype(path: Path, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A dtype's form on this machine.

    Raises:
        InputError: it is none of float16, float32, float64.
    """
    native = dtype.newbyteorder("=")
    if native not in FLOATS:
        got = "Python objects, which are never unpickled" if dtype.hasobject else str(dtype)[:80]
        raise InputError(f"{path}: expected float16, float32 or float64, got {got}")
    return native


def require_plausible(path: Path, nbytes: int) -> None:
    """Require that a file does not unpack to far more than compressed vectors do.

    Args:
        path: of the file.
        nbytes: that it would unpack to.

    Raises:
        InputError: it is more than 256 MiB, and more than a hundred times the file.
    """
    size = path.stat().st_size
    if nbytes > max(_SMALL, _RATIO * size):
        raise InputError(
            f"{path}: expected vectors, which take at most {_RATIO} times their compressed size, "
            f"got {nbytes:,} bytes from {size:,}"
        )
