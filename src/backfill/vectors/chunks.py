"""What a Parquet file says of its column chunks, looked at where a mistake is an error."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any


class _ReachedError(Exception):
    """Arrow asked for data, so all that the file says of them has been looked at."""


class _Unread(io.RawIOBase):
    """A file that has a size, but no data that can be read.

    Args:
        size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, at: int, whence: int = io.SEEK_SET) -> int:
        self._at = at + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        raise _ReachedError


def require_sound(file: Any, size: int) -> None:
    """Require that all column chunks of a Parquet file can be asked for.

    `metadata.row_group(...).column(...)` ends the process if the file contradicts itself there: no
    exception gets out of that call in Arrow. With `pre_buffer`, a reader asks for all chunks before
    it reads the first of them, and its exceptions do get out. Nothing is read here.

    Args:
        file: a pyarrow.parquet.ParquetFile.
        size: of the file, in bytes.

    Raises:
        OSError: a chunk cannot be asked for.
    """
    import pyarrow.parquet as pq

    with (
        suppress(_ReachedError),
        pq.ParquetFile(_Unread(size), metadata=file.metadata, pre_buffer=True) as bare,
    ):
        next(bare.iter_batches(batch_size=1, use_threads=False), None)
