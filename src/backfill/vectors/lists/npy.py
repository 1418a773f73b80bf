"""`.npy`: one dimension of strings or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backfill.errors import InputError
from backfill.reading.npy_header import read_header
from backfill.vectors.lists.registry import LIST_FORMATS


@LIST_FORMATS.register(".npy")
def npy(path: Path, fields: Sequence[str]) -> Any:
    """Map a 1-D array; bytes are UTF-8.

    Raises:
        InputError: it is no readable 1-D array of strings or numbers.
    """
    try:
        with path.open("rb") as file:
            header = read_header(path, file, path.stat().st_size)
    except OSError as error:
        raise InputError(f"{path}: expected an .npy array, got: {error.strerror}") from None
    if header.dtype.kind not in "iufUS":
        got = "Python objects" if header.dtype.hasobject else str(header.dtype)
        raise InputError(
            f"{path}: expected strings or numbers, got {got}"
            + ("; save np.array(values, dtype=str)" if header.dtype.hasobject else "")
        )
    if len(header.shape) != 1 or header.shape[0] == 0:
        raise InputError(
            f"{path}: expected one dimension with at least one entry, got shape {header.shape}"
        )
    if header.dtype.itemsize == 0:
        raise InputError(f"{path}: expected strings, got only empty ones")
    mapped = np.memmap(path, header.dtype, "r", header.offset, header.shape)
    if header.dtype.kind != "S":
        return mapped
    try:
        return np.char.decode(mapped, "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8, got: {error}") from None
