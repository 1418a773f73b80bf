"""Copies that can be memory-mapped, of files that cannot; made once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from backfill.arrays import Floats
from backfill.artifacts import replacing, save_chunks
from backfill.errors import InputError
from backfill.reading.json import read_object
from backfill.vectors.formats.npy import npy
from backfill.vectors.formats.registry import Stored
from backfill.vectors.names import KEPT
from backfill.vectors.progress import row_bar


def mapped(path: Path, stored: Stored) -> Floats:
    """Memory-map a file's vectors, by way of a copy in `.backfill/` beside it if need be.

    A copy is made anew when the size or the time of the file has changed.

    Args:
        path: of the file.
        stored: what it holds.

    Returns:
        (rows, dimensions), read-only.

    Raises:
        InputError: the file is damaged, or there is no room for a copy.
    """
    if stored.mapped is not None:
        return stored.mapped
    copy = copy_of(path)
    record = copy.with_suffix(".json")
    state = path.stat()
    of = {"file": path.name, "size": state.st_size, "mtime_ns": state.st_mtime_ns}
    if not (copy.exists() and _recorded(record) == of):
        _require_room(path, stored)
        _forget(record)  # first: a copy without a record counts for nothing
        save_chunks(copy, stored.shape, stored.dtype, _with_bar(path, stored))
        with replacing(record) as temporary:
            temporary.write_text(json.dumps(of))
    array = npy(copy).mapped
    if array is None or array.shape != stored.shape:
        raise InputError(f"{copy}: expected a copy of {path.name}; remove it, it is made anew")
    return array


def copy_of(path: Path) -> Path:
    """Where the copy of a file is kept."""
    return path.parent / KEPT / f"{path.stem}.npy"


def _recorded(record: Path) -> object:
    try:
        return read_object(record, "a record of a copy")
    except InputError:
        return None


def _forget(record: Path) -> None:
    try:
        record.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{record}: cannot be written ({error.strerror})") from None


def _require_room(path: Path, stored: Stored) -> None:
    needed = stored.shape[0] * stored.shape[1] * stored.dtype.itemsize
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise InputError(
            f"{path}: expected room for a copy that can be memory-mapped, {needed / 2**30:,.1f} "
            f"GiB for shape {stored.shape}, got {free / 2**30:,.1f} GiB free"
        )


def _with_bar(path: Path, stored: Stored) -> Iterator[Floats]:
    with row_bar(stored.shape[0], f"copy {path.name}") as bar:
        for block in stored.blocks():
            yield block
            bar.update(len(block))
