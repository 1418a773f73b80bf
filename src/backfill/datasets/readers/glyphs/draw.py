"""Draws glyphs: each image on its own, from nothing but the settings, its part and its number."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt
from tqdm import tqdm

from backfill.arrays import Float32s, Float64s, UInt8s
from backfill.datasets.base import ImageSet
from backfill.datasets.readers.glyphs.classes import TYPEFACES, catalogue, render
from backfill.datasets.readers.glyphs.settings import Glyphs
from backfill.errors import InputError

TRAIN, GALLERY = 0, 1  # the numbers of the parts, which go into the seed of every image

SIDE = 32  # an image is SIDE x SIDE pixels
FIELD = 48  # a distance field is FIELD x FIELD pixels,
GLYPH = 36  # and the longer side of the glyph in it is GLYPH pixels
STEPS = 8  # grey levels per pixel of distance: 256 levels reach 16 pixels in and out

_centres = np.arange(SIDE, dtype=np.float32) + np.float32(0.5 - SIDE / 2)
_Y, _X = np.meshgrid(_centres, _centres, indexing="ij")


class GlyphSource:
    """Draws any image of the glyphs dataset, by its part and its number.

    Image `i` of a part depends on the settings, the part and `i` alone. It needs no other image,
    and a part has no end. All randomness of an image comes from its own generator, whose first
    value picks the character and the typeface.

    Args:
        settings: which classes, and how the images vary.

    Attributes:
        classes: the characters of each class.

    Raises:
        InputError: there are fewer classes than asked for, or fewer images than classes.
    """

    def __init__(self, settings: Glyphs) -> None:
        _check(settings)
        self.settings = settings
        self.classes = catalogue()[: settings.classes]
        self._variants = [variants(chars) for chars in self.classes]

    def label(self, part: int, i: int) -> int:
        """Return the class of an image: classes take turns, so any consecutive images balance."""
        return i % len(self.classes)

    def group(self, part: int, i: int) -> int:
        """Return the typeface of an image, as a position in `TYPEFACES`."""
        return self._start(part, i)[1][1]

    def image(self, part: int, i: int) -> UInt8s:
        """Draw one image, (32, 32)."""
        rng, (char, typeface) = self._start(part, i)
        options = self.settings
        centre = rng.uniform(-options.shift, options.shift, 2)
        ink = self._ink(rng, char, typeface, centre)
        for _ in range(rng.integers(options.clutter, endpoint=True)):
            self._add_neighbour(rng, ink)
        for _ in range(rng.integers(options.lines, endpoint=True)):
            _add_line(rng, ink)
        return self._develop(rng, ink)

    def draw(self, part: int, size: int) -> ImageSet:
        """Draw the first `size` images of a part, (size, 1, 32, 32)."""
        images: UInt8s = np.empty((size, 1, SIDE, SIDE), np.uint8)
        for i in tqdm(range(size), "glyphs", unit=" images", leave=False, delay=2):
            images[i, 0] = self.image(part, i)
        labels = np.array([self.label(part, i) for i in range(size)], np.int64)
        groups = np.array([self.group(part, i) for i in range(size)], np.int64)
        return ImageSet(images, labels, groups)

    def _start(self, part: int, i: int) -> tuple[np.random.Generator, tuple[str, int]]:
        rng = np.random.default_rng((self.settings.seed, part, i))
        choices = self._variants[self.label(part, i)]
        return rng, choices[rng.integers(len(choices))]

    def _ink(
        self, rng: np.random.Generator, char: str, typeface: int, centre: Float64s
    ) -> Float32s:
        """Return how much ink each pixel gets, 0 to 1, from a character at `centre` (in sides)."""
        options = self.settings
        turn, stretch, shear, weight = rng.uniform(-1, 1, 4)
        scale, softness = _uniform(rng, options.scale, options.softness)
        size = scale * SIDE / GLYPH  # image pixels per field pixel

        # Maps the image to the field: undoes the shift, the rotation, the stretch and the shear.
        angle = np.deg2rad(options.rotation * turn)
        wide, tall = np.exp(options.stretch * stretch * np.array([0.5, -0.5])) * size
        cos, sin = np.cos(angle), np.sin(angle)
        a, b = cos / wide, sin / wide
        d, e = -sin / tall, cos / tall
        a, b = a + options.shear * shear * d, b + options.shear * shear * e
        x, y = SIDE * (0.5 + centre)
        data = (a, b, FIELD / 2 - a * x - b * y, d, e, FIELD / 2 - d * x - e * y)
        warped = distance_field(char, typeface).transform(
            (SIDE, SIDE), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR, fillcolor=0
        )
        # With distances to the outline, weight is an offset and softness a slope: no extra pass.
        slope = size / STEPS / softness
        ink = np.array(warped, np.float32)
        ink *= np.float32(slope)
        ink += np.float32(0.5 + options.weight * weight / softness - 128 * slope)
        return _clip(ink)

    def _add_neighbour(self, rng: np.random.Generator, ink: Float32s) -> None:
        """Add part of some other character at the edge of the image, often fainter."""
        choices = self._variants[rng.integers(len(self._variants))]
        char, typeface = choices[rng.integers(len(choices))]
        angle, reach, strength = rng.uniform((0, 0.45, 0.4), (2 * np.pi, 0.75, 1))
        centre = reach * np.array([np.cos(angle), np.sin(angle)])
        other = self._ink(rng, char, typeface, centre)
        other *= np.float32(strength)
        np.maximum(ink, other, out=ink)

    def _develop(self, rng: np.random.Generator, ink: Float32s) -> UInt8s:
        """Turn ink into grey levels: random contrast of ink and paper, uneven light, noise."""
        options = self.settings
        contrast, noise = _uniform(rng, options.contrast, options.noise)
        paper = rng.uniform(0, 1 - contrast)
        if rng.random() < 0.5:  # light ink on dark paper, or the reverse
            paper, contrast = paper + contrast, -contrast
        right, down = rng.uniform(-options.light, options.light, 2) / SIDE
        grey = rng.standard_normal((SIDE, SIDE), np.float32)
        grey *= np.float32(noise)
        grey += np.float32(paper)
        ink *= np.float32(contrast)
        grey += ink
        grey += np.float32(right) * _X
        grey += np.float32(down) * _Y
        return (_clip(grey) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def _check(settings: Glyphs) -> None:
    """Raise an InputError if there are too few classes, or too few images for the classes."""
    most = len(catalogue())
    if settings.classes > most:
        raise InputError(
            f"dataset.classes: expected at most {most}, got {settings.classes}: "
            "the fonts have no more characters that can be told apart"
        )
    for key in ("train_size", "gallery_size"):
        size = getattr(settings, key)
        if size < settings.classes:
            raise InputError(
                f"dataset.{key}: expected at least dataset.classes, {settings.classes}, got {size}"
            )


@cache
def variants(chars: str) -> tuple[tuple[str, int], ...]:
    """Return every (character, typeface) that can be drawn of a class of look-alikes."""
    return tuple(
        (char, typeface)
        for char in chars
        for typeface, name in enumerate(TYPEFACES)
        if render(name, char) is not None
    )


@cache
def distance_field(char: str, typeface: int) -> Image.Image:
    """Return the signed distance to the outline of a glyph, (FIELD, FIELD).

    The glyph is centred, and its longer side is GLYPH pixels. 128 is on the outline, more is
    inside, and one pixel of distance is STEPS grey levels.
    """
    glyph = render(TYPEFACES[typeface], char)
    assert glyph is not None, "variants() only has what can be drawn"
    factor = GLYPH / max(glyph.size)
    width, height = (max(round(side * factor), 1) for side in glyph.size)
    canvas = Image.new("L", (FIELD, FIELD))
    canvas.paste(glyph.resize((width, height)), ((FIELD - width) // 2, (FIELD - height) // 2))
    inside = np.asarray(canvas) >= 128
    distance = distance_transform_edt(inside) - distance_transform_edt(~inside)
    # The outline runs between pixels, so the nearest pixel across is half a pixel beyond it.
    distance -= np.where(inside, 0.5, -0.5)
    return Image.fromarray(np.clip(128 + STEPS * distance, 0, 255).astype(np.uint8))


def _add_line(rng: np.random.Generator, ink: Float32s) -> None:
    """Draw a straight line across the image, anywhere."""
    angle, offset, width, strength = rng.uniform((0, -0.5, 0.3, 0.4), (np.pi, 0.5, 1.2, 1))
    line = np.float32(np.cos(angle)) * _X
    line += np.float32(np.sin(angle)) * _Y
    line -= np.float32(SIDE * offset)
    line = _clip(np.float32(0.5 + width) - np.abs(line))
    line *= np.float32(strength)
    np.maximum(ink, line, out=ink)


def _uniform(rng: np.random.Generator, *ranges: tuple[float, float]) -> Float64s:
    """Draw one number from each range."""
    low, high = np.transpose(ranges)
    values: Float64s = rng.uniform(low, high)
    return values


def _clip(values: Float32s) -> Float32s:
    """Clip to 0..1 in place; on so few pixels, the overhead of np.clip would dominate."""
    np.maximum(values, 0, out=values)
    return np.minimum(values, 1, out=values)
