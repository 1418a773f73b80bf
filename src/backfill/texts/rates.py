"""How fast the models embed, so that a forecast can price the rest."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

from backfill import machine
from backfill.artifacts import load_object, replacing
from backfill.compute import Engine
from backfill.errors import InputError
from backfill.reading.files import reason, short


class Rate(NamedTuple):
    """How fast a model embeds documents.

    Attributes:
        model: its name or folder.
        items_per_s: documents per second, loading the model and reading texts aside.
        items: documents that this was measured on.
        workers: that embedded at the same time.
        machine: processor and GPU.
    """

    model: str
    items_per_s: float
    items: int
    workers: int
    machine: str

    @classmethod
    def measured(cls, model: str, items: int, seconds: float, engine: Engine) -> Rate:
        """The rate of so many items, if one worker takes so many seconds for all of them."""
        at_once = getattr(engine, "gpus", 0) or getattr(engine, "workers", 1)
        rate = round(items * at_once / max(seconds, 1e-9), 2)
        return cls(model, rate, items, at_once, machine.described())


def read_rates(path: Path) -> dict[str, Rate]:
    """The rates that :func:`write_rate` wrote; none if there is no file.

    Raises:
        InputError: there is something else in it.
    """
    if not path.exists():
        return {}
    what = "rates of models"
    try:
        rates = {side: Rate(**rate) for side, rate in load_object(path, what).items()}
    except TypeError as error:
        raise InputError(f"{path}: expected {what}, got: {reason(error)}") from error
    for rate in rates.values():
        if not (isinstance(rate.items_per_s, int | float) and 0 <= rate.items_per_s < math.inf):
            got = short(rate.items_per_s)
            raise InputError(f"{path}: expected {what}, in items per second, got {got}")
    return rates


def write_rate(path: Path, side: str, rate: Rate) -> None:
    """Write the rate of the `old` or the `new` model, and keep the other one.

    Raises:
        InputError: what is there is something else.
    """
    kept = read_rates(path) | {side: rate}
    stored = {name: each._asdict() for name, each in kept.items()}
    with replacing(path) as temporary:
        temporary.write_text(f"{json.dumps(stored, indent=1)}\n")
