"""Draws the glyphs dataset: any image on its own, from its seed, split and number alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backfill.datasets.glyph_classes import TYPEFACES, catalogue, render

if TYPE_CHECKING:
    from backfill.datasets.glyphs import Glyphs

SIDE = 32  # An image is SIDE x SIDE pixels.
FIELD = 48  # A field is FIELD x FIELD pixels,
GLYPH = 36  # in which the glyph's longer side takes GLYPH.
STEPS = 8  # Grey levels to a pixel of distance: 256 levels reach 16 pixels in and out.

_centres = np.arange(SIDE, dtype=np.float32) + np.float32(0.5 - SIDE / 2)
_Y, _X = np.meshgrid(_centres, _centres, indexing="ij")


class GlyphSource:
    """Every image of the glyphs dataset, by split number and image number, drawn when asked for.

    Image ``i`` of a split is a pure function of the settings, the split and ``i``: it needs no
    other image, and a split has no end. All its randomness is from one generator of its own,
    whose first value picks the character and typeface.
    """

    def __init__(self, settings: Glyphs) -> None:
        self.settings = settings
        self.classes = catalogue()[: settings.classes]
        self._variants = [variants(chars) for chars in self.classes]

    def label(self, split: int, i: int) -> int:
        """Return the image's class: classes take turns, so every stretch of numbers is balanced."""
        return i % len(self.classes)

    def group(self, split: int, i: int) -> int:
        """Return the image's typeface, an index into ``TYPEFACES``."""
        return self._start(split, i)[1][1]

    def image(self, split: int, i: int) -> NDArray[np.uint8]:
        """Draw the image: (32, 32) uint8."""
        rng, (char, typeface) = self._start(split, i)
        options = self.settings
        centre = rng.uniform(-options.shift, options.shift, 2)
        ink = self._ink(rng, char, typeface, centre)
        for _ in range(rng.integers(options.clutter, endpoint=True)):
            self._add_neighbour(rng, ink)
        for _ in range(rng.integers(options.lines, endpoint=True)):
            _add_line(rng, ink)
        return self._develop(rng, ink)

    def _start(self, split: int, i: int) -> tuple[np.random.Generator, tuple[str, int]]:
        rng = np.random.default_rng((self.settings.seed, split, i))
        choices = self._variants[self.label(split, i)]
        return rng, choices[rng.integers(len(choices))]

    def _ink(
        self, rng: np.random.Generator, char: str, typeface: int, centre: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Draw one character around ``centre`` (in sides): how much ink each pixel has, 0 to 1."""
        options = self.settings
        turn, stretch, shear, weight = rng.uniform(-1, 1, 4)
        scale, softness = _uniform(rng, options.scale, options.softness)
        size = scale * SIDE / GLYPH  # Image pixels to a field pixel.

        # The map from image to field: undo the shift, the turn, the stretch, then the shear.
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
        # A distance to the outline makes weight an offset and focus a slope, at no extra pass.
        slope = size / STEPS / softness
        ink = np.array(warped, np.float32)
        ink *= np.float32(slope)
        ink += np.float32(0.5 + options.weight * weight / softness - 128 * slope)
        return _clip(ink)

    def _add_neighbour(self, rng: np.random.Generator, ink: NDArray[np.float32]) -> None:
        """Put part of some other character, fainter or not, at the rim."""
        choices = self._variants[rng.integers(len(self._variants))]
        char, typeface = choices[rng.integers(len(choices))]
        angle, reach, strength = rng.uniform((0, 0.45, 0.4), (2 * np.pi, 0.75, 1))
        centre = reach * np.array([np.cos(angle), np.sin(angle)])
        other = self._ink(rng, char, typeface, centre)
        other *= np.float32(strength)
        np.maximum(ink, other, out=ink)

    def _develop(self, rng: np.random.Generator, ink: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Turn ink into grey: paper and ink of a random contrast, uneven light, noise."""
        options = self.settings
        contrast, noise = _uniform(rng, options.contrast, options.noise)
        paper = rng.uniform(0, 1 - contrast)
        if rng.random() < 0.5:  # Light ink on dark paper, or the reverse.
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


@cache
def variants(chars: str) -> tuple[tuple[str, int], ...]:
    """Return every (character, typeface) in which a class of look-alikes can be drawn."""
    return tuple(
        (char, typeface)
        for char in chars
        for typeface, name in enumerate(TYPEFACES)
        if render(name, char) is not None
    )


@cache
def distance_field(char: str, typeface: int) -> Image.Image:
    """Return the signed distance to the outline, (48, 48), ``STEPS`` grey levels to a pixel.

    The glyph is centred, its longer side 36 pixels; 128 is on the outline and more is inside.
    """
    from scipy.ndimage import distance_transform_edt

    glyph = render(TYPEFACES[typeface], char)
    assert glyph is not None, "variants() has only what can be drawn"
    factor = GLYPH / max(glyph.size)
    width, height = (max(round(side * factor), 1) for side in glyph.size)
    canvas = Image.new("L", (FIELD, FIELD))
    canvas.paste(glyph.resize((width, height)), ((FIELD - width) // 2, (FIELD - height) // 2))
    inside = np.asarray(canvas) >= 128
    distance = distance_transform_edt(inside) - distance_transform_edt(~inside)
    # The outline runs between two pixels: the nearest pixel across is half a pixel beyond it.
    distance -= np.where(inside, 0.5, -0.5)
    return Image.fromarray(np.clip(128 + STEPS * distance, 0, 255).astype(np.uint8))


def _add_line(rng: np.random.Generator, ink: NDArray[np.float32]) -> None:
    """Draw a straight line across, anywhere."""
    angle, offset, width, strength = rng.uniform((0, -0.5, 0.3, 0.4), (np.pi, 0.5, 1.2, 1))
    line = np.float32(np.cos(angle)) * _X
    line += np.float32(np.sin(angle)) * _Y
    line -= np.float32(SIDE * offset)
    line = _clip(np.float32(0.5 + width) - np.abs(line))
    line *= np.float32(strength)
    np.maximum(ink, line, out=ink)


def _uniform(rng: np.random.Generator, *ranges: tuple[float, float]) -> NDArray[np.float64]:
    """Draw one number from each range."""
    low, high = np.transpose(ranges)
    values: NDArray[np.float64] = rng.uniform(low, high)
    return values


def _clip(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Clip to 0..1 in place; np.clip costs more than the work on so few pixels."""
    np.maximum(values, 0, out=values)
    return np.minimum(values, 1, out=values)
