"""`.npz`: its one array, or the only one with two dimensions."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO

import numpy as np

from backfill.arrays import Floats
from backfill.errors import InputError
from backfill.reading.files import opened, short
from backfill.reading.npy_header import Header, read_header
from backfill.vectors.formats.registry import (
    FORMATS,
    Stored,
    checked_dtype,
    checked_shape,
    require_plausible,
    rows_per_block,
)

# Deflate never makes less of anything: RFC 1951 codes 258 bytes in 2 bits at best.
_RATIO = 1032
_MEMBERS = 1000
# So much is read of an archive at once, its directory included.
_AT_ONCE = 1 << 22
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@FORMATS.register(".npz")
def npz(path: Path) -> Stored:
    """Open the array of an archive; it is copied, as an archive cannot be memory-mapped.

    Raises:
        InputError: it is no archive, or it is not clear which array is meant.
    """
    with _opened(path) as archive:
        members = [item for item in archive.infolist() if item.filename.endswith(".npy")]
        if len(members) > _MEMBERS:
            raise InputError(f"{path}: expected one 2-D array, got {len(members):,} arrays")
        found = {item.filename[:-4]: (item, _header(path, archive, item)) for item in members}
    chosen = found
    if len(found) > 1:
        chosen = {name: one for name, one in found.items() if len(one[1].shape) == 2}
    if len(chosen) != 1:
        shown = list(found.items())[:10]
        got = ", ".join(f"{name[:60]} {short(header.shape)}" for name, (_, header) in shown)
        raise InputError(f"{path}: expected one 2-D array, got {got or 'no array'}")
    ((item, header),) = chosen.values()
    dtype = checked_dtype(path, header.dtype)
    shape = checked_shape(path, header.shape)
    require_plausible(path, header.nbytes)
    if header.fortran:
        raise InputError(
            f"{path}: expected an array whose rows lie together (C order), got Fortran order; "
            "save np.ascontiguousarray of it"
        )

    def blocks() -> Iterator[Floats]:
        with _opened(path) as archive, archive.open(item) as file:
            _header_of(path, item, file)
            step = rows_per_block(shape, dtype)
            for start in range(0, shape[0], step):
                rows = min(step, shape[0] - start)
                data = _exactly(path, file, rows * shape[1] * dtype.itemsize)
                yield np.frombuffer(data, header.dtype).reshape(rows, shape[1]).astype(dtype)

    return Stored(shape, dtype, None, blocks)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with (
        opened(path, "an .npz archive") as (file, _),
        _Careful(file.raw) as careful,
        zipfile.ZipFile(careful) as archive,
    ):
        yield archive


class _Careful(BufferedReader):
    """A file of which no more is read at once than its size can justify."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read so many bytes."""
        if size is not None and size > _AT_ONCE:
            raise ValueError("an archive whose directory, or whose rows, are too long")
        return super().read(size)


def _header(path: Path, archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> Header:
    if item.compress_type not in _METHODS:
        raise InputError(f"{path}: expected numpy's own compression, got another")
    if item.file_size > _RATIO * item.compress_size + _RATIO:
        raise InputError(
            f"{path}: {item.filename[:60]}: expected at most {_RATIO} bytes from each of its "
            f"{item.compress_size:,}, got {item.file_size:,} announced"
        )
    with archive.open(item) as file:
        return _header_of(path, item, file)


def _header_of(path: Path, item: zipfile.ZipInfo, file: IO[bytes]) -> Header:
    return read_header(path / item.filename[:60], file, item.file_size)


def _exactly(path: Path, file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise InputError(f"{path}: expected {count:,} more bytes, got {len(data):,}: truncated")
    return data
