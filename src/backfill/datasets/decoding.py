"""Decodes image files in parallel; names every bad one at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backfill.errors import InputError


def decode_images(paths: Sequence[Path], size: int, workers: int) -> NDArray[np.uint8]:
    """Decode N image files in ``workers`` threads: (N, 3, size, size) RGB.

    Each is turned upright, its shorter side resized to ``size`` and its centre cropped. Raises one
    :class:`InputError` that names every file that is empty, truncated, or no image at all.
    """
    from tqdm import tqdm

    images = np.empty((len(paths), 3, size, size), np.uint8)

    def work(k: int) -> str:
        try:
            images[k] = _decode(paths[k], size)
        except Exception as error:  # Pillow raises many kinds, SyntaxError included.
            return f"{paths[k]}: {error if paths[k].stat().st_size else 'empty file'}"
        return ""

    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(work, range(len(paths)))
        bar = tqdm(results, "images", len(paths), unit=" images", leave=False, delay=2)
        failures = [failure for failure in bar if failure]
    if failures:
        raise InputError(
            f"found {len(failures)} of {len(paths)} files that cannot be decoded, "
            "expected whole JPEG or PNG images:\n  " + "\n  ".join(failures)
        )
    return images


def _decode(path: Path, size: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        image.draft("RGB", (size, size))  # Lets a large JPEG decode at a fraction of its size.
        upright = ImageOps.exif_transpose(image).convert("RGB")
    fitted = ImageOps.fit(upright, (size, size), Image.Resampling.BICUBIC)
    return np.asarray(fitted, np.uint8).transpose(2, 0, 1)
