"""A migration as one HTML file."""

from __future__ import annotations

import time
from pathlib import Path

from backfill.artifacts import replacing
from backfill.forecast import page as of_forecast
from backfill.forecast.page.figures import main_figure
from backfill.forecast.page.writing import COLOURS
from backfill.live import history, telling
from backfill.live.aside import sentences
from backfill.live.opened import Opened
from backfill.live.starting import forecast_of
from backfill.live.status import Status
from backfill.reporting.rendering import rendered

_HERE = Path(__file__).parent
_SHOWN = 20  # looks in the table


def write(opened: Opened, found: Status, path: Path) -> Path:
    """Write the page of a migration, and return its path.

    Args:
        opened: the migration.
        found: where it is.
        path: of the page.

    Raises:
        InputError: it cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(html(opened, found), encoding="utf-8")
    return path


def html(opened: Opened, found: Status) -> str:
    """Render the page."""
    forecast = forecast_of(opened.migration)
    if forecast is not None:
        forecast = forecast.model_copy(update={"here": found.fraction})
    return rendered(
        [_HERE, Path(of_forecast.__file__).parent],
        {"duration": telling.duration, "at": _at, "sentences": sentences},
        template="migration.html.jinja",
        found=found,
        forecast=forecast,
        figure=None if forecast is None else main_figure(forecast),
        colours=COLOURS,
        history=history.read(opened.migration.home)[-_SHOWN:],
    )


def _at(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
