"""Zip archives of uncompressed members, such as np.savez and torch.save write."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from backfill.errors import InputError
from backfill.reading.files import opened

BLOCK = 1 << 20  # bytes that are read at once


@contextmanager
def open_archive(path: Path, what: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive that takes no more room unpacked than its file.

    Args:
        path: of the file.
        what: is expected, for messages.

    Raises:
        InputError: the file is missing or damaged, a member is compressed, or members share bytes.
    """
    with opened(path, what) as (_, size), _Careful(path) as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        for member in members:
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
                got = f"{member.filename[:80]} with compression"
                raise InputError(f"{path}: expected {what}, uncompressed, got {got}")
        if sum(member.file_size for member in members) > size:
            raise InputError(f"{path}: expected {what}, got an archive of more than the file")
        yield archive


class _Careful(BufferedReader):
    """A file of which no more than a block is read at once, whatever an archive announces."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb", buffering=0))

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > BLOCK:
            raise ValueError("an archive whose directory is too large")
        return super().read(BLOCK if size is None or size < 0 else size)
