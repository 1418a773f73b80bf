"""A map applied to a gallery that does not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

from tqdm import tqdm

from backfill import validate
from backfill.align.maps import Map, require_width
from backfill.align.rows import require_rows
from backfill.arrays import Array, Floats
from backfill.artifacts import save_chunks
from backfill.errors import InputError


class Rows(Protocol):
    """(N, D) rows that are read when they are asked for, such as a memory-mapped array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """N and D."""

    def __getitem__(self, rows: slice, /) -> Array:
        """Read some of them."""


def apply_to(
    fitted: Map,
    source: Rows,
    target: Path,
    *,
    block_rows: int = 65_536,
    dtype: Literal["float32", "float16"] = "float32",
    progress: bool = True,
) -> None:
    """Map a whole gallery from disk to disk, with one block of it in memory at a time.

    Args:
        fitted: by :func:`backfill.align.fit`.
        source: (N, D), such as `np.load(path, mmap_mode="r")`.
        target: .npy file of (N, D') rows of unit length. It is there when it is whole.
        block_rows: rows of a block.
        dtype: of the file.
        progress: whether a bar is shown, on a terminal.

    Raises:
        InputError: rows have another width, are zero or not finite (it gives their numbers), or
            the file cannot be written.
    """
    target = validate.path("target", target)
    if target.suffix != ".npy":
        raise InputError(f"{target}: expected a name that ends in .npy, got {target.suffix!r}")
    validate.one_of("dtype", dtype, ("float32", "float16"))
    validate.count("block_rows", block_rows)
    validate.switch("progress", progress)
    if not isinstance(getattr(fitted, "dims", None), tuple):
        raise InputError(f"fitted: expected a map, got {validate.shown(fitted)}")
    if not isinstance(getattr(source, "shape", None), tuple) or len(source.shape) != 2:
        found = getattr(source, "shape", None)
        raise InputError(
            f"source: expected (N, D) rows, "
            f"got {validate.shown(source) if found is None else f'shape {found}'}"
        )
    require_width(source, fitted.dims[0])
    count = source.shape[0]

    def mapped() -> Iterator[Floats]:
        with tqdm(total=count, unit="row", disable=None if progress else True) as bar:
            for start in range(0, count, block_rows):
                rows = validate.array("source", source[start : start + block_rows])
                require_rows("source", rows, first=start)
                yield fitted.apply(rows).astype(dtype, copy=False)
                bar.update(len(rows))

    save_chunks(target, (count, fitted.dims[1]), dtype, mapped())
