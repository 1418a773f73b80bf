"""Where the names of lines stand in a figure, so that they meet neither lines nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from backfill.arrays import Float64s

# The plot of the narrowest window, in pixels, where text needs the largest share of it.
WIDTH, HEIGHT = 290, 320
_LETTER, _LINE = 7.8, 17.0
_GAP = 6.0
_Box = tuple[float, float, float, float]  # left, top, right, foot
GRID = np.linspace(0, WIDTH, 59)  # where heights of lines are given


class Place(NamedTuple):
    """A place for a text: its box in pixels, and how far it is from where it belongs.

    Attributes:
        left: edge of the box.
        top: edge of the box.
        anchor: which end of the text stays where it is when the plot is stretched.
        away: pixels.
    """

    left: float
    top: float
    anchor: str
    away: float


class Label(NamedTuple):
    """A text in a figure.

    Attributes:
        role: of the line that it names.
        text: what it says.
        x: of its anchor, in per cent of the plot's width.
        y: of its base line, in per cent of the plot's height.
        anchor: start, middle or end.
    """

    role: str
    text: str
    x: float
    y: float
    anchor: str


class Wanted(NamedTuple):
    """A text, and the places that it may have."""

    role: str
    text: str
    places: list[Place]


def beside(text: str, upper: Float64s, lower: Float64s, *, prefer: float) -> list[Place]:
    """Places above or below a line.

    Args:
        text: to be placed.
        upper: heights of the upper edge of its band at `GRID`, pixels from above.
        lower: of the lower edge.
        prefer: where it is best, from 0, the left, to 1, the right.
    """
    width, places = width_of(text), []
    for left in np.arange(0, max(WIDTH - width, 1), 5):
        under = (left - 5 <= GRID) & (left + width + 5 >= GRID)
        centre = np.abs(GRID - left - width / 2).argmin()
        astray = 0.1 * abs(left - prefer * (WIDTH - width))
        for row in (0, _LINE):
            above, below = upper[under].min() - _GAP - _LINE - row, lower[under].max() + _GAP + row
            places.append(Place(left, above, "middle", upper[centre] - above - _LINE + astray))
            places.append(Place(left, below, "middle", below - lower[centre] + astray))
    return places


def beside_upright(text: str, x: float) -> list[Place]:
    """Places beside the foot of an upright line at x, from 0 to 1."""
    at, width = x * WIDTH, width_of(text)
    return [
        Place(left, HEIGHT - lines * (_LINE + 4), anchor, 4 * lines)
        for lines in (1, 2, 3, 4)
        for left, anchor in ((at + _GAP, "start"), (at - _GAP - width, "end"))
    ]


def placed(
    wanted: Sequence[Wanted], lines: Sequence[Float64s], uprights: Sequence[float] = ()
) -> list[Label]:
    """Choose a place for each text, one after the other.

    Args:
        wanted: what is to be placed, the most important first.
        lines: heights of all lines at `GRID`, in pixels from above.
        uprights: where upright lines are, from 0 to 1.
    """
    taken: list[_Box] = []
    found = []
    for role, text, places in wanted:
        width = width_of(text)

        def cost(place: Place, width: float = width) -> float:
            left, top, right, foot = place.left, place.top, place.left + width, place.top + _LINE
            under = (left - 3 <= GRID) & (right + 3 >= GRID)
            crossed = sum(int(((line[under] > top) & (line[under] < foot)).sum()) for line in lines)
            hidden = sum(_meet((left, top, right, foot), box) for box in taken)
            cut = sum(left - 2 < WIDTH * x < right + 2 for x in uprights)
            outside = max(0, -left, right - WIDTH) + max(0, -top, foot - HEIGHT)
            return place.away + 8 * crossed + 400 * hidden + 60 * cut + 20 * outside

        best = min(places, key=cost)
        taken.append((best.left, best.top, best.left + width, best.top + _LINE))
        x = best.left + {"start": 0, "middle": width / 2, "end": width}[best.anchor]
        y = best.top + 0.76 * _LINE
        x, y = round(100 * x / WIDTH, 1), round(100 * y / HEIGHT, 1)
        found.append(Label(role, text, float(x), float(y), best.anchor))
    return found


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]


def width_of(text: str) -> float:
    """About how wide a text is, in pixels."""
    return _LETTER * len(text)
