"""Decodes image files in parallel, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backfill.datasets.image_files import Fit, ImageFiles

CHUNK_BYTES = 32 << 20


def decode_chunks(files: ImageFiles, bad: list[str]) -> Iterator[NDArray[np.uint8]]:
    """Yield the decoded files in order; see :meth:`ImageFiles.chunks`."""
    from tqdm import tqdm

    _, *shape = files.shape
    step = max(1, CHUNK_BYTES // (3 * files.height * files.width))
    bar = tqdm(desc="images", total=len(files), unit=" images", leave=False, delay=2)
    # Pillow lets go of the interpreter while it decodes, so threads are enough.
    with bar, ThreadPoolExecutor(files.workers) as pool:
        for start in range(0, len(files), step):
            rows = range(start, min(start + step, len(files)))
            images = np.zeros((len(rows), *shape), np.uint8)

            def work(row: int, images: NDArray[np.uint8] = images, start: int = start) -> str:
                return _decode_into(images[row - start], files, row)

            for failure in pool.map(work, rows):
                bar.update()
                if failure:
                    bad.append(failure)
            yield images


def _decode_into(image: NDArray[np.uint8], files: ImageFiles, row: int) -> str:
    """Decode one file; returns what went wrong."""
    path = Path(files.paths[row])
    box = None if files.boxes is None else files.boxes[row]
    try:
        image[:] = decode(path, files.height, files.width, files.fit, box)
    except Exception as error:  # Pillow raises many kinds, SyntaxError included.
        if not path.is_file():
            return f"{path}: no such file"
        return f"{path}: {error if path.stat().st_size else 'empty file'}"
    return ""


def decode(
    path: Path, height: int, width: int, fit: Fit, box: NDArray[np.float64] | None = None
) -> NDArray[np.uint8]:
    """Decode one file, turned upright: (3, height, width) RGB.

    Raises whatever Pillow does for a file that is no whole image, and ``ValueError`` for a box
    that holds no pixel of it.
    """
    from PIL import Image, ImageOps

    image: Image.Image
    with Image.open(path) as image:
        if box is None:
            # Lets a large JPEG decode at a fraction of its size.
            image.draft("RGB", (max(height, width),) * 2)
        else:
            # First of all: a box counts the pixels of the file, not those of the upright image.
            image = image.crop(_inside(box, image.size))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    if fit == "stretch":
        fitted = upright.resize((width, height), Image.Resampling.BICUBIC)
    else:
        fitted = ImageOps.fit(upright, (width, height), Image.Resampling.BICUBIC)
    return np.asarray(fitted, np.uint8).transpose(2, 0, 1)


def _inside(box: NDArray[np.float64], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Whole pixels of the box, cut off where it leaves an image of ``size``."""
    left, upper, right, lower = (round(edge) for edge in box.tolist())
    cut = (max(left, 0), max(upper, 0), min(right, size[0]), min(lower, size[1]))
    if cut[0] >= cut[2] or cut[1] >= cut[3]:
        raise ValueError(f"box {box.tolist()} holds no pixel of an image of {size}")
    return cut
