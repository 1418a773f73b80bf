"""The header of an .npy array, read without believing it."""

from __future__ import annotations

import io
import struct
from math import prod
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from backfill.errors import InputError
from backfill.reading.files import reason, short

# By version: what reads a header, and how its length stands before it.
_READERS = {
    (1, 0): (npy.read_array_header_1_0, "<H"),
    (2, 0): (npy.read_array_header_2_0, "<I"),
}
_LONGEST = 10_000  # bytes of a header, as numpy has it
_MOST = 1 << 62  # a dimension that no file has


class Header(NamedTuple):
    """What an .npy header says.

    Attributes:
        shape: of the array.
        fortran: whether columns, not rows, lie together.
        dtype: of the array; it may hold Python objects.
        offset: where the data begin, in bytes.
        nbytes: how long they must be.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    offset: int
    nbytes: int


def read_header(path: Path, file: IO[bytes], size: int) -> Header:
    """Read a header.

    Args:
        path: for messages.
        file: at the array's beginning; afterwards at its data.
        size: bytes from the array's beginning to its end, header included.

    Raises:
        InputError: there is no header, or what it announces is not as long as the file.
    """
    try:
        version = npy.read_magic(file)
        if version not in _READERS:
            raise ValueError(f"version {version} of the format")
        read, form = _READERS[version]
        start = file.read(struct.calcsize(form))
        (length,) = struct.unpack(form, start)
        if length > _LONGEST:
            raise ValueError(f"a header of {length:,} bytes")
        shape, fortran, dtype = read(io.BytesIO(start + file.read(length)))
    except Exception as error:  # a damaged header fails in many ways, with many types
        raise InputError(f"{path}: expected an .npy array, got: {reason(error)}") from None
    if not all(0 <= length <= _MOST for length in shape):
        raise InputError(f"{path}: expected an .npy array, got shape {short(shape)}")
    offset, nbytes = file.tell(), prod(shape) * dtype.itemsize
    if not dtype.hasobject and offset + nbytes != size:
        raise InputError(
            f"{path}: expected {offset + nbytes:,} bytes for {str(dtype)[:80]} of shape "
            f"{short(shape)}, got {size:,}: the file is truncated or damaged"
        )
    return Header(shape, fortran, dtype, offset, nbytes)
