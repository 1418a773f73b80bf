"""Images that stay on disk, as files, until they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backfill.arrays import Float64s, Int64s, UInt8s
from backfill.datasets.decoding import MAX_PIXELS, Fit, decode_file
from backfill.errors import InputError

CHUNK_BYTES = 32 << 20


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """N image files that decode to (N, 3, height, width) uint8 RGB, chunk by chunk.

    Attributes:
        paths: the files.
        height: of the decoded images, in pixels.
        width: of the decoded images, in pixels.
        fit: how an image of another shape gets this one; see :func:`.decoding.decode_file`.
        workers: threads that decode.
        boxes: (N, 4) left, upper, right and lower edge of the region to keep, in pixels of the
            file; None to keep whole images.
        max_pixels: of a file; one that has more is not decoded.

    Raises:
        InputError: the boxes have another shape or are not finite.
    """

    paths: Sequence[str]
    height: int
    width: int
    fit: Fit = "crop"
    workers: int = 4
    boxes: Float64s | None = None
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        if self.boxes is None:
            return
        if self.boxes.shape != (len(self), 4):
            raise InputError(f"boxes: expected shape ({len(self)}, 4), got {self.boxes.shape}")
        if not np.isfinite(self.boxes).all():
            row = int(np.argmin(np.isfinite(self.boxes).all(axis=1)))
            found = f"{self.boxes[row].tolist()} for {self.paths[row]}"
            raise InputError(f"boxes: expected finite numbers, got {found}")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of the decoded array, (N, 3, height, width)."""
        return (len(self), 3, self.height, self.width)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, rows: slice | Int64s) -> ImageFiles:
        """Return some of the files, by a slice or by their positions; decodes nothing."""
        chosen = range(len(self))[rows] if isinstance(rows, slice) else rows.tolist()
        boxes = None if self.boxes is None else self.boxes[rows]
        return replace(self, paths=[self.paths[k] for k in chosen], boxes=boxes)

    def chunks(self, bad: list[str]) -> Iterator[UInt8s]:
        """Decode the files in order, in `workers` threads, one chunk in memory at a time.

        A file that cannot be decoded leaves zeros in its place and appends a line to `bad`, so
        that one pass finds them all.

        Args:
            bad: receives one line per file that cannot be decoded.

        Yields:
            (n, 3, height, width) images, at most 32 MiB but at least one image.
        """
        from tqdm import tqdm  # deferred: settings are read without decoding anything

        _, *shape = self.shape
        step = max(1, CHUNK_BYTES // (3 * self.height * self.width))
        bar = tqdm(desc="images", total=len(self), unit=" images", leave=False, delay=2)
        # Pillow releases the interpreter lock while it decodes, so threads are enough.
        with bar, ThreadPoolExecutor(self.workers) as pool:
            for start in range(0, len(self), step):
                rows = range(start, min(start + step, len(self)))
                images = np.zeros((len(rows), *shape), np.uint8)
                for failure in pool.map(self._decode_into, images, rows):
                    bar.update()
                    if failure:
                        bad.append(failure)
                yield images

    def decode(self) -> UInt8s:
        """Decode all files into one (N, 3, height, width) array; for small sets.

        Raises:
            InputError: names every file that cannot be decoded.
        """
        bad: list[str] = []
        images = np.concatenate([np.empty((0, *self.shape[1:]), np.uint8), *self.chunks(bad)])
        require_decoded(bad)
        return images

    def _decode_into(self, image: UInt8s, row: int) -> str:
        """Decode one file into `image`; return what went wrong, or an empty string."""
        path = Path(self.paths[row])
        box = None if self.boxes is None else self.boxes[row]
        try:
            image[:] = decode_file(path, self.height, self.width, self.fit, box, self.max_pixels)
        except Exception as error:  # Pillow raises many types, even SyntaxError
            if not path.is_file():
                return f"{path}: no such file"
            return f"{path}: {error if path.stat().st_size else 'empty file'}"
        return ""


def require_decoded(bad: Sequence[str]) -> None:
    """Raise an InputError that names every file in `bad`, unless it is empty."""
    if bad:
        count = "1 file" if len(bad) == 1 else f"{len(bad):,} files"
        raise InputError(
            f"images: expected complete JPEG or PNG files, got {count} that cannot be decoded:\n  "
            + "\n  ".join(bad)
        )
