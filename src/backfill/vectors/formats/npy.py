"""`.npy`: memory-mapped where it lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backfill.errors import InputError
from backfill.reading.npy_header import read_header
from backfill.vectors.formats.registry import (
    FORMATS,
    Stored,
    blocks_of,
    checked_dtype,
    checked_shape,
)


@FORMATS.register(".npy")
def npy(path: Path) -> Stored:
    """Open an array; one whose columns lie together, or of another byte order, needs a copy.

    Raises:
        InputError: it is no readable 2-D array of floating-point numbers.
    """
    try:
        with path.open("rb") as file:
            header = read_header(path, file, path.stat().st_size)
    except OSError as error:
        raise InputError(f"{path}: expected an .npy array, got: {error.strerror}") from None
    dtype = checked_dtype(path, header.dtype)
    shape = checked_shape(path, header.shape)
    mapped = np.memmap(
        path, header.dtype, "r", header.offset, shape, order="F" if header.fortran else "C"
    )
    in_place = header.dtype == dtype and mapped.flags.c_contiguous
    return Stored(
        shape,
        dtype,
        mapped if in_place else None,
        lambda: (np.ascontiguousarray(block, dtype) for block in blocks_of(mapped)),
    )
