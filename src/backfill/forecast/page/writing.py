"""A forecast as one HTML file."""

from __future__ import annotations

from pathlib import Path

from backfill.artifacts import replacing
from backfill.forecast.outcome import Forecast
from backfill.forecast.page import sentences, tables, words
from backfill.forecast.page.figures import every_method, main_figure
from backfill.forecast.page.queries import changes
from backfill.reporting.colours import GREY, PALETTE
from backfill.reporting.rendering import rendered

_HERE = Path(__file__).parent
_BLUE, _VERMILION, _GREEN, _PURPLE, *_ = PALETTE
COLOURS = {
    "recommended": _BLUE,
    "fall-back": _PURPLE,
    "old": "#555555",
    "new": _GREEN,
    "marker": _VERMILION,
    "grey": GREY,
}


def write(forecast: Forecast, path: Path) -> Path:
    """Write the page of a forecast, and return its path.

    Args:
        forecast: what it says. Its texts and ids are shown as they are, whatever is in them.
        path: of the page.
    """
    with replacing(path) as temporary:
        temporary.write_text(html(forecast), encoding="utf-8")
    return path


def html(forecast: Forecast) -> str:
    """Render the page; the same forecast gives the same text."""
    return rendered(
        _HERE,
        {"share": words.share, "code": words.with_code},
        forecast=forecast,
        colours=COLOURS,
        main=main_figure(forecast),
        every=every_method(forecast),
        changes=changes(forecast.shown),
        any_completed=not all(known for each in forecast.shown for known in each.known),
        methods=tables.methods(forecast),
        orders=tables.orders(forecast),
        cascade=tables.cascade(forecast),
        others=tables.other_measures(forecast),
        cost=sentences.cost(forecast),
        maps=tables.maps(forecast),
        sample=sentences.larger_sample(forecast),
        meanings=sentences.meanings(forecast),
        known=sentences.known(forecast),
        estimated=sentences.estimated(forecast),
    )
