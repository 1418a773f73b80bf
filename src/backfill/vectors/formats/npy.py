"""`.npy`: memory-mapped where it lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backfill.reading.files import opened
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
    with opened(path, "an .npy array") as (file, size):
        header = read_header(path, file, size)
        dtype = checked_dtype(path, header.dtype)
        shape = checked_shape(path, header.shape)
        mapped = np.memmap(
            file, header.dtype, "r", header.offset, shape, order="F" if header.fortran else "C"
        )
    in_place = header.dtype == dtype and mapped.flags.c_contiguous
    return Stored(
        shape,
        dtype,
        mapped if in_place else None,
        lambda: (np.ascontiguousarray(block, dtype) for block in blocks_of(mapped)),
    )
