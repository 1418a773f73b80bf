"""Looking now and then for what is seldom there."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from backfill.live.terms import Rows

NONE = Rows([], np.zeros((0, 0), np.float32), [])


class Sparing:
    """After a look that finds nothing, others wait, so that all take a small share of the time.

    Args:
        share: of the time that looks may take if they find nothing.
    """

    def __init__(self, share: float = 0.05) -> None:
        self._share, self._next = share, -np.inf

    def rows(self, look: Callable[[], Rows]) -> Rows:
        """What a look finds; none if it is too early for one."""
        began = time.monotonic()
        if began < self._next:
            return NONE
        found = look()
        ended = time.monotonic()
        self._next = ended if found.ids else ended + (ended - began) / self._share
        return found

    def forget(self) -> None:
        """Look again at once."""
        self._next = -np.inf
