"""What a switch of the embedding model would do to a gallery, before it is paid for.

    upgrade = backfill.vectors.read(folder)
    found = forecast(upgrade)
    found.decision.headline, found.method("ridge").curves["overlap@10"]

From old vectors of all items, new ones of a sample and queries in both spaces, and no labels:

- :func:`forecast`: curves of every method at all fractions, with intervals, and a decision.
- `backfill forecast FOLDER`: the same on a terminal and on a page.
"""

from backfill.forecast.outcome import Forecast
from backfill.forecast.run import forecast
from backfill.forecast.settings import Settings

__all__ = ["Forecast", "Settings", "forecast"]
