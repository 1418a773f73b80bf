"""Arrays in `.npy` files and `.npz` archives."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Literal, NamedTuple, cast

import numpy as np

from backfill.arrays import Array
from backfill.errors import InputError
from backfill.reading.archive import BLOCK, open_archive
from backfill.reading.files import opened
from backfill.reading.npy_header import Header, read_header

_KINDS = "biufSU"


class Form(NamedTuple):
    """What an array has to be.

    Attributes:
        dtype: of its items; np.floating: float32 or float64.
        ndim: how many dimensions it may have; none is empty.
        what: it is, for messages.
    """

    dtype: type[np.generic]
    ndim: Collection[int]
    what: str

    def require(self, name: object, array: Array) -> Array:
        """Return an array if it has this form.

        Raises:
            InputError: it has another dtype, other dimensions, or nothing in it.
        """
        dtypes = (np.float32, np.float64) if self.dtype is np.floating else (self.dtype,)
        right = array.dtype.type in dtypes and array.dtype.isnative
        if not right or array.ndim not in self.ndim or not array.size:
            expected = f"{self.what}, {' or '.join(dtype.__name__ for dtype in dtypes)}"
            raise InputError(f"{name}: expected {expected}, got {array.shape} {array.dtype}")
        return array


def read_array(path: Path, form: Form | None = None, *, memory_map: bool = False) -> Array:
    """Read one .npy array, unpickling nothing.

    Args:
        path: of the file.
        form: it has to have; None: any array of numbers or strings.
        memory_map: whether it stays on disk.

    Raises:
        InputError: the file is missing, damaged, or holds something else.
    """
    with opened(path, "an array") as (file, size):
        header = _plain(path, read_header(path, file, size))
        if memory_map and header.nbytes:
            array: Array = np.memmap(
                path, header.dtype, "r", header.offset, header.shape, _order(header)
            )
        else:
            array = _filled(path, file, header)
    return array if form is None else form.require(path, array)


def read_archive(path: Path, what: str) -> dict[str, Array]:
    """Read all arrays of an .npz archive that np.savez wrote, unpickling nothing.

    Args:
        path: of the file.
        what: is expected, for messages.

    Raises:
        InputError: the file is missing, damaged or compressed, or holds something else.
    """
    with open_archive(path, what) as archive:
        return {
            stored.filename.removesuffix(".npy"): _member(path, archive, stored)
            for stored in archive.infolist()
        }


def member(path: Path, archive: Mapping[str, Array], name: str, form: Form) -> Array:
    """One array of an archive.

    Args:
        path: of the archive, for messages.
        archive: its arrays.
        name: of the array.
        form: it has to have.

    Raises:
        InputError: there is none, or it has another form.
    """
    if name not in archive:
        raise InputError(f"{path}: {name}: expected {form.what}, got no such array")
    return form.require(f"{path}: {name}", archive[name])


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    name = Path(f"{path}/{member.filename[:80]}")
    with archive.open(member) as file:
        header = _plain(name, read_header(name, file, member.file_size))
        return _filled(name, cast("BufferedIOBase", file), header)


def _plain(path: Path, header: Header) -> Header:
    if header.dtype.kind not in _KINDS or not header.dtype.itemsize:
        got = "Python objects" if header.dtype.hasobject else str(header.dtype)[:80]
        raise InputError(f"{path}: expected numbers or strings, got {got}")
    return header


def _filled(path: Path, file: BufferedIOBase, header: Header) -> Array:
    """Read an array block by block, so that no more is allocated than is there."""
    flat = np.empty(header.nbytes, np.uint8)
    for start in range(0, header.nbytes, BLOCK):
        block = flat[start : start + BLOCK]
        if file.readinto(block.data) != len(block):
            raise InputError(f"{path}: expected {header.nbytes:,} bytes, got fewer: truncated")
    if not header.nbytes:
        file.read(1)  # an archive's checksum is compared at its end
    if header.dtype.kind == "U":
        codes = flat.view(np.dtype(np.uint32).newbyteorder(header.dtype.byteorder))
        # numpy takes any, and fails only when a string is made of them.
        if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any():
            raise InputError(f"{path}: expected text, got numbers that are no characters")
    array: Array = flat.view(header.dtype)
    return array.reshape(header.shape, order=_order(header))


def _order(header: Header) -> Literal["C", "F"]:
    return "F" if header.fortran else "C"
