"""How figures look: colours, lines and markers that can be told apart without colour."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe & Ito (2008), chosen to stay distinct under the common colour vision deficiencies. Their
# yellow is left out: it is too pale for a line on white. The darker colours come first.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
POSITIVE, NEGATIVE = "#0072B2", "#E69F00"
GREY = "#767676"

_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)))
# As many markers as fit, and no multiple of the colours: 7 x 11 looks before one comes twice.
_MARKERS = "osD^vPX<>ph"

_RC = {
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
    "legend.frameon": False,
    "svg.fonttype": "path",  # no font to be missing where the SVG is read
    "svg.hashsalt": "backfill",
}


def look() -> AbstractContextManager[None]:
    """The settings under which figures are made and rendered; other figures are not affected."""
    return mpl.rc_context(_RC)


@dataclass(frozen=True)
class Line:
    """Keywords of `Axes.plot` that give a method its own look."""

    color: str
    linestyle: str | tuple[int, tuple[float, ...]]
    marker: str
    linewidth: float = 1.5


def markers(size: float) -> dict[str, Any]:
    """Keywords of `Axes.plot` for markers that stay apart where lines cross."""
    return {"markersize": size, "markeredgecolor": "white", "markeredgewidth": 0.5}


REFERENCE = {"old": Line(GREY, (0, (1, 1)), "", 2.2), "new": Line(GREY, "-", "", 2.2)}


def line(place: int) -> Line:
    """The look of the method at `place`: 77 places differ, the first 21 without colour as well."""
    return Line(
        PALETTE[place % len(PALETTE)],
        _DASHES[place // len(PALETTE) % len(_DASHES)],
        _MARKERS[place % len(_MARKERS)],
    )


def png(figure: Figure) -> bytes:
    """The figure as PNG, 150 dots per inch, the same bytes on every run (no date, no version)."""
    return _render(figure, "png", {"Software": None, "Creation Time": None})


def svg(figure: Figure) -> bytes:
    """The figure as SVG, the same bytes on every run (no date, fixed ids)."""
    return _render(figure, "svg", {"Date": None, "Creator": None})


def _render(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    FigureCanvasAgg(figure)  # not pyplot: nothing to close, no global state
    buffer = BytesIO()
    with look():
        figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
    return buffer.getvalue()
