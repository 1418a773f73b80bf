"""What re-embedding the rest of a gallery costs, from what is known."""

from __future__ import annotations

import json
from pathlib import Path

from backfill.forecast.outcome import Cost

_BYTES = 4  # of a float32


def cost(
    items: int, size: int, width: int, rate: float | None = None, price: float | None = None
) -> Cost:
    """Compute it.

    Args:
        items: that wait.
        size: of the gallery.
        width: dimensions of the new space.
        rate: items per second; None: not known.
        price: of a thousand items; None: not known.
    """
    return Cost(
        items=items,
        seconds=None if rate is None else items / rate,
        money=None if price is None else items / 1000 * price,
        disk=size * width * _BYTES,
    )


def measured_rate(folder: Path) -> float | None:
    """Items per second of the new model, if `backfill embed` has measured it in this folder."""
    try:
        rate = json.loads((folder / ".backfill" / "rates.json").read_text())["new"]
        found = float(rate["items_per_s"] if isinstance(rate, dict) else rate)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found > 0 else None
