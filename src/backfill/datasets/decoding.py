"""Decodes one image file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from backfill.arrays import Float64s, UInt8s

Fit = Literal["crop", "stretch"]
MAX_PIXELS = 50_000_000
# What image files are, whatever they are called; Pillow knows more, some of which it runs.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
_BYTES_PER_PIXEL = 8  # at most: four channels of 16 bits


def decode_file(
    path: Path,
    height: int,
    width: int,
    fit: Fit,
    box: Float64s | None = None,
    max_pixels: int = MAX_PIXELS,
) -> UInt8s:
    """Decode one image file and turn it upright, as its Exif data says.

    Args:
        path: the file.
        height: of the result, in pixels.
        width: of the result, in pixels.
        fit: `crop` scales the image until it covers this shape and cuts out the centre; `stretch`
            scales both sides independently.
        box: (4,) left, upper, right and lower edge of the region to keep, in pixels of the file.
        max_pixels: of the file, each side counting at least as that of the result; more are not
            decoded.

    Returns:
        (3, height, width) RGB.

    Raises:
        ValueError: no pixel of the image is inside the box, or there are too many.
        Exception: whatever Pillow raises for a file that is not a complete image.
    """
    from PIL import Image, ImageOps  # deferred: settings are read without decoding anything

    image: Image.Image
    if path.stat().st_size > _BYTES_PER_PIXEL * max_pixels:
        raise ValueError(
            f"expected at most {_BYTES_PER_PIXEL} bytes for {max_pixels:,} pixels each"
        )
    with Image.open(path, formats=_FORMATS) as image:
        # Either side may be the upright one; resampling goes through an image of mixed sides.
        long, short = max(image.size), max(min(image.size), height, width)
        if long * short > max_pixels:
            raise ValueError(
                f"expected at most {max_pixels:,} pixels (max_pixels), got {image.size[0]:,} x "
                f"{image.size[1]:,}"
            )
        if box is None:
            # Lets Pillow decode a large JPEG at a fraction of its size.
            image.draft("RGB", (max(height, width),) * 2)
        else:
            # Before turning the image: a box counts the pixels of the file.
            image = image.crop(_inside(box, image.size))
        ImageOps.exif_transpose(image, in_place=True)  # a copy would double the memory
        upright = image if image.mode == "RGB" else image.convert("RGB")
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
