"""Decodes one image file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from backfill.arrays import Float64s, UInt8s

Fit = Literal["crop", "stretch"]


def decode_file(
    path: Path, height: int, width: int, fit: Fit, box: Float64s | None = None
) -> UInt8s:
    """Decode one image file and turn it upright, as its Exif data says.

    Args:
        path: the file.
        height: of the result, in pixels.
        width: of the result, in pixels.
        fit: `crop` scales the image until it covers this shape and cuts out the centre; `stretch`
            scales both sides independently.
        box: (4,) left, upper, right and lower edge of the region to keep, in pixels of the file.

    Returns:
        (3, height, width) RGB.

    Raises:
        ValueError: no pixel of the image is inside the box.
        Exception: whatever Pillow raises for a file that is not a complete image.
    """
    from PIL import Image, ImageOps  # deferred: settings are read without decoding anything

    image: Image.Image
    with Image.open(path) as image:
        if box is None:
            # Lets Pillow decode a large JPEG at a fraction of its size.
            image.draft("RGB", (max(height, width),) * 2)
        else:
            # Before turning the image: a box counts the pixels of the file.
            image = image.crop(_inside(box, image.size))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    if fit == "stretch":
        fitted = upright.resize((width, height), Image.Resampling.BICUBIC)
    else:
        fitted = ImageOps.fit(upright, (width, height), Image.Resampling.BICUBIC)
    return np.asarray(fitted, np.uint8).transpose(2, 0, 1)


def _inside(box: Float64s, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Round a box to whole pixels and clip it to an image of `size` (width, height)."""
    left, upper, right, lower = (round(edge) for edge in box.tolist())
    cut = (max(left, 0), max(upper, 0), min(right, size[0]), min(lower, size[1]))
    if cut[0] >= cut[2] or cut[1] >= cut[3]:
        raise ValueError(
            f"expected a box that overlaps the image of {size[0]} x {size[1]} pixels, "
            f"got {box.tolist()}"
        )
    return cut
