"""What re-embedding the rest of a gallery costs, from what is known."""

from __future__ import annotations

import math
from pathlib import Path

from backfill.errors import InputError
from backfill.forecast.outcome import Cost
from backfill.reading.json import read_object

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

    Raises:
        InputError: the rate is not above 0, the price below 0, or one of them not finite.
    """
    if rate is not None and not 0 < rate < math.inf:
        raise InputError(f"rate: expected a number above 0, got {rate}")
    if price is not None and not 0 <= price < math.inf:
        raise InputError(f"price: expected a number of at least 0, got {price}")
    return Cost(
        items=items,
        seconds=None if rate is None else items / rate,
        money=None if price is None else items / 1000 * price,
        disk=size * width * _BYTES,
    )


def measured_rate(folder: Path) -> float | None:
    """Items per second of the new model, if `backfill embed` has measured it in this folder."""
    try:
        rate = read_object(folder / ".backfill" / "rates.json", "rates of models")["new"]
        found = float(rate["items_per_s"] if isinstance(rate, dict) else rate)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return found if 0 < found < math.inf else None
