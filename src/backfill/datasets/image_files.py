"""Images that stay on disk, as files, until they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from backfill.errors import InputError

Fit = Literal["crop", "stretch"]


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """N image files that decode to (N, 3, height, width) uint8 RGB, a chunk at a time.

    ``fit`` says how an image of another shape gets there: ``crop`` scales it until it covers the
    shape and cuts its centre out, ``stretch`` scales both sides on their own. ``boxes``, (N, 4),
    are left, upper, right and lower edge, in pixels of the file, of the part that counts.

    Raises :class:`InputError` if the boxes are not of this shape, or not finite.
    """

    paths: Sequence[str]
    height: int
    width: int
    fit: Fit = "crop"
    workers: int = 4
    boxes: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.boxes is None:
            return
        if self.boxes.shape != (len(self), 4):
            raise InputError(f"boxes: found shape {self.boxes.shape}, expected ({len(self)}, 4)")
        if not np.isfinite(self.boxes).all():
            row = int(np.argmin(np.isfinite(self.boxes).all(axis=1)))
            found = f"{self.boxes[row].tolist()} for {self.paths[row]}"
            raise InputError(f"boxes: found {found}, expected finite numbers")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W), as of the decoded array."""
        return (len(self), 3, self.height, self.width)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, part: slice | NDArray[np.int64]) -> ImageFiles:
        """Return a stretch of the files, or those at some positions; decodes nothing."""
        chosen = range(len(self))[part] if isinstance(part, slice) else part.tolist()
        boxes = None if self.boxes is None else self.boxes[part]
        return replace(self, paths=[self.paths[k] for k in chosen], boxes=boxes)

    def chunks(self, bad: list[str]) -> Iterator[NDArray[np.uint8]]:
        """Decode in order, in ``workers`` threads; never holds more than one chunk.

        Yields (n, 3, H, W) arrays of at most 32 MiB (one image at least). A file that cannot be
        decoded leaves zeros behind and a line in ``bad``, so that one pass finds all of them.
        """
        from backfill.datasets.decoding import decode_chunks

        return decode_chunks(self, bad)

    def decode(self) -> NDArray[np.uint8]:
        """Decode all into one (N, 3, H, W) array, for sets that are small.

        Raises one :class:`InputError` that names every file that cannot be decoded.
        """
        bad: list[str] = []
        images = np.concatenate([np.empty((0, *self.shape[1:]), np.uint8), *self.chunks(bad)])
        require_decoded(bad)
        return images


def require_decoded(bad: Sequence[str]) -> None:
    """Raise one :class:`InputError` that names all files in ``bad``, if there are any."""
    if bad:
        count = "1 file" if len(bad) == 1 else f"{len(bad):,} files"
        raise InputError(
            f"found {count} that cannot be decoded, expected whole JPEG or PNG images:\n  "
            + "\n  ".join(bad)
        )
