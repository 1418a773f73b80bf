"""How fast items are embedded: at most so many per second, on average."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """A token bucket that may owe: a batch larger than the bucket passes, and the next waits.

    It holds the items of one second, so that a stop of any length is not made up for at once.

    Args:
        rate: items per second; None: no limit.
        clock: seconds, never going back.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        rate: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._left = rate or 0.0
        self._seen = clock()

    def take(self, items: int) -> float:
        """Count items that are being embedded.

        Returns:
            Seconds to wait before any more are.
        """
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            refilled = self._left + (now - self._seen) * self._rate
            self._left = min(refilled, self._rate) - items
            self._seen = now
            return max(0.0, -self._left / self._rate)

    def wait(self, items: int) -> None:
        """Count items that are being embedded, and wait until more may be."""
        if seconds := self.take(items):
            self._sleep(seconds)
