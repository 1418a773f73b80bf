"""How figures look: colours, lines and markers that can be told apart without colour."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from backfill.reporting.colours import GREY, PALETTE

POSITIVE, NEGATIVE = "#0072B2", "#E69F00"
# What a comparison finds.
VERDICTS = {"better": "#0072B2", "worse": "#D55E00", "undecided": GREY}

_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)))
# As many markers as can be told apart, and not a multiple of the colours: 7 x 11 styles differ.
_MARKERS = "osD^vPX<>ph"

_DPI = 150
_COLORS = 128  # of a PNG; a figure has few, and anti-aliased text needs some more

_RC = {
    "text.parse_math": False,  # labels are the users' own: a dollar is a dollar
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same glyphs
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.edgecolor": "#555555",
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "figure.constrained_layout.w_pad": 0.08,
    "figure.constrained_layout.h_pad": 0.06,
    "legend.frameon": False,
    "svg.fonttype": "path",  # no font to be missing where the SVG is read
    "svg.hashsalt": "backfill",
}


def house_style() -> AbstractContextManager[None]:
    """The settings under which figures are made and rendered; other figures are not affected."""
    return mpl.rc_context(_RC)


def heading(figure: Figure, text: str) -> None:
    """Head a figure, at its left edge."""
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)


@dataclass(frozen=True)
class LineStyle:
    """Keywords of `Axes.plot` that draw a method in its own style."""

    color: str
    linestyle: str | tuple[int, tuple[float, ...]]
    marker: str
    linewidth: float = 1.5


def markers(size: float) -> dict[str, Any]:
    """Keywords of `Axes.plot` for markers that stay apart where lines cross."""
    return {"markersize": size, "markeredgecolor": "white", "markeredgewidth": 0.5}


REFERENCE = {"old": LineStyle(GREY, (0, (1, 1)), "", 2.2), "new": LineStyle(GREY, "-", "", 2.2)}


def line_style(number: int) -> LineStyle:
    """The style of the method with this number: 77 differ, the first 21 without colour as well."""
    return LineStyle(
        PALETTE[number % len(PALETTE)],
        _DASHES[number // len(PALETTE) % len(_DASHES)],
        _MARKERS[number % len(_MARKERS)],
    )


def png(figure: Figure) -> bytes:
    """The figure as PNG with a palette, 150 dots per inch; the same bytes on every run."""
    drawing = _render(figure, "png", {"Software": None, "Creation Time": None})
    image = Image.open(BytesIO(drawing)).convert("RGB")
    buffer = BytesIO()
    # A third of the size; some figures are kept in git.
    image.quantize(_COLORS, dither=Image.Dither.NONE).save(
        buffer, "PNG", optimize=True, dpi=(_DPI, _DPI)
    )
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG, the same bytes on every run (no date, fixed ids)."""
    return _render(figure, "svg", {"Date": None, "Creator": None})


def _render(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    FigureCanvasAgg(figure)  # not pyplot: nothing to close, no global state
    buffer = BytesIO()
    with house_style():
        figure.savefig(buffer, format=kind, dpi=_DPI, metadata=metadata)
    return buffer.getvalue()
