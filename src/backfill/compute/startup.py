"""The engine that the settings ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from backfill.compute.engine import Engine
from backfill.compute.local import LOCAL
from backfill.compute.on_ray import OnRay

if TYPE_CHECKING:
    from backfill.params import Compute


@contextmanager
def start(settings: Compute) -> Iterator[Engine]:
    """Start an engine, and stop it when the block ends.

    Args:
        settings: section `compute` of the parameters.

    Yields:
        The engine.

    Raises:
        InputError: the engine is Ray, and Ray is not installed or its cluster does not answer.
    """
    if settings.engine == "local":
        yield LOCAL
        return
    with OnRay.connected(settings) as engine:
        yield engine
