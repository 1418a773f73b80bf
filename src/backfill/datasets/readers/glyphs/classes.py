"""Which characters are drawn, in which typefaces, and which of them count as one class.

Many characters look alike once size and position do not tell them apart: O and its Greek and
Cyrillic twins, c and C, an accented E under any of a dozen accents. They are found by comparing
renderings rather than from a list, so any set of typefaces can be used.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont
from scipy.sparse.csgraph import connected_components

from backfill.arrays import Float32s
from backfill.errors import InputError

# The fonts of matplotlib that map Unicode code points to the real characters. The Computer Modern
# fonts use TeX's own encodings, the other STIX fonts hold parts of tall brackets or private code
# points, and Last Resort draws placeholders.
TYPEFACES = (
    "DejaVuSans",
    "DejaVuSans-Oblique",
    "DejaVuSans-Bold",
    "DejaVuSans-BoldOblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Oblique",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-BoldOblique",
    "DejaVuSerif",
    "DejaVuSerif-Italic",
    "DejaVuSerif-Bold",
    "DejaVuSerif-BoldItalic",
    "STIXGeneral",
    "STIXGeneralItalic",
    "STIXGeneralBol",
    "STIXGeneralBolIta",
)
MIN_TYPEFACES = 12  # Armenian and Georgian are in the twelve of DejaVu, but not in STIX
CATEGORIES = frozenset(  # without modifiers and combining marks, which are parts of letters
    ["Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No", "Sc", "Sm", "So", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"]
)
BOX_DRAWING = range(0x2500, 0x25A0)  # pieces that join into tables

FONT_SIZE = 64  # pixels per em
MAX_GLYPH = 16 * FONT_SIZE  # a larger one is damage
# Renderings are stretched to SIDE x SIDE pixels and compared, so that strokes need not coincide
# exactly. If their ratios of width to height differ by more than a factor, they are not alike.
SIDE = 8
MAX_ASPECT_RATIO = 1.35
# Mean correlation over typefaces from which two characters count as alike. It is 0.999 for Latin
# and Cyrillic O, 0.97 for s and S, 0.94 for c and C; 0.89 for E and F, 0.85 for C and G, 0.83 for
# O and Q.
ALIKE = 0.91


@cache
def code_points(typeface: str) -> frozenset[int]:
    """Return the code points for which a typeface has a glyph other than its placeholder."""
    with _drawn(typeface):
        charmap = FT2Font(str(_path(typeface))).get_charmap()
    return frozenset(code for code, glyph in charmap.items() if glyph)


@contextmanager
def _drawn(typeface: str) -> Iterator[None]:
    """Name the file of a typeface that cannot be drawn with."""
    try:
        yield
    except (OSError, RuntimeError, ValueError, OverflowError, MemoryError) as error:
        raise InputError(
            f"{_path(typeface)}: expected the typeface that matplotlib brings, got: {error}; "
            "install matplotlib again"
        ) from error


def render(typeface: str, char: str) -> Image.Image | None:
    """Draw a character white on black, cropped to its ink; None if it has no glyph or no ink."""
    if ord(char) not in code_points(typeface):
        return None
    with _drawn(typeface):
        font = _font(typeface)
        left, top, right, bottom = font.getbbox(char)
        size = max(int(right - left), 1), max(int(bottom - top), 1)
        if max(size) > MAX_GLYPH:
            raise ValueError(f"a glyph of {size[0]} x {size[1]} pixels")
        image = Image.new("L", size)
        ImageDraw.Draw(image).text((-left, -top), char, font=font, fill=255)
    ink = image.getbbox()
    return image.crop(ink) if ink else None


@cache
def catalogue() -> tuple[str, ...]:
    """Return all classes, each as the string of its characters in code point order.

    Two characters are linked if their likeness (see :func:`similarity`) is at least `ALIKE`. In
    each connected component, the character with the most links and those linked to it directly
    form a class. The rest of the component is left out, since it looks like something that looks
    like the class. So no two characters of different classes are linked.

    Classes come in a fixed shuffled order. Any first few mix all scripts, and the first 100 are
    among the first 200.
    """
    chars = candidates()
    linked = similarity(chars) >= ALIKE
    degree = linked.sum(1)
    count, component = connected_components(linked, directed=False)
    classes = []
    for k in range(count):
        members = np.flatnonzero(component == k)
        centre = members[degree[members].argmax()]
        classes.append("".join(chars[m] for m in members if linked[centre, m]))
    return tuple(sorted(classes, key=_shuffled))


def candidates() -> str:
    """Return the letters, digits and symbols of `MIN_TYPEFACES`, in code point order."""
    found: dict[int, int] = {}
    for typeface in TYPEFACES:
        for code in code_points(typeface):
            found[code] = found.get(code, 0) + 1
    return "".join(
        chr(code)
        for code, count in sorted(found.items())
        if count >= MIN_TYPEFACES
        and unicodedata.category(chr(code)) in CATEGORIES
        and code not in BOX_DRAWING
        and render(TYPEFACES[0], chr(code)) is not None
    )


def similarity(chars: str) -> Float32s:
    """Return how much every two of N characters look alike, (N, N), from -1 to 1 (equal).

    Both are cropped to their ink and stretched to one small square with an empty border, so that
    even a solid block has contrast. Their likeness is the correlation of the grey levels, or 0 if
    one character is much wider than the other. It is averaged over the typefaces that have both,
    because a single typeface may draw I and l alike.
    """
    total = np.zeros((len(chars), len(chars)), np.float32)
    shared = np.zeros_like(total)
    for typeface in TYPEFACES:
        pixels = np.zeros((len(chars), SIDE + 2, SIDE + 2), np.float32)
        log_aspect = np.full(len(chars), np.nan, np.float32)
        for row, char in enumerate(chars):
            image = render(typeface, char)
            if image is not None:
                square = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
                pixels[row, 1:-1, 1:-1] = np.asarray(square, np.float32)
                log_aspect[row] = np.log(image.width / image.height)
        rows = pixels.reshape(len(chars), -1)
        rows -= rows.mean(1, keepdims=True)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
        apart = np.abs(log_aspect[:, None] - log_aspect)  # NaN, never close, if one is missing
        total += np.where(apart < np.log(MAX_ASPECT_RATIO), rows @ rows.T, 0)
        shared += ~np.isnan(apart)
    total /= np.maximum(shared, 1)
    return total


def _shuffled(chars: str) -> bytes:
    """Return a random-looking sort key that depends on no other class."""
    return hashlib.sha256(chars[0].encode()).digest()


def _path(typeface: str) -> Path:
    return Path(get_data_path()) / "fonts" / "ttf" / f"{typeface}.ttf"


@cache
def _font(typeface: str) -> ImageFont.FreeTypeFont:
    # The basic layout draws one code point as one glyph, whether or not Raqm is installed.
    path = str(_path(typeface))
    return ImageFont.truetype(path, FONT_SIZE, layout_engine=ImageFont.Layout.BASIC)
