"""How fast items are embedded."""

from dataclasses import dataclass

import pytest

from backfill.live.pace import Pace


@dataclass
class Clock:
    """Goes on while somebody sleeps."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("batch", [1, 7, 64, 1000])
def test_the_rate_is_kept_whatever_the_batch(batch: int) -> None:
    clock = Clock()
    pace = Pace(20, clock, clock.sleep)
    for _ in range(50):
        pace.wait(batch)
    # the first second's items are free
    assert clock.now - 100 == pytest.approx(50 * batch / 20 - 1, abs=1e-6) or batch == 1
    assert clock.now - 100 >= 50 * batch / 20 - 1 - 1e-6


def test_work_that_takes_longer_than_the_rate_is_not_held_up() -> None:
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    for _ in range(20):
        clock.now += 1.0
        assert pace.take(10) == 0


def test_a_stop_is_not_made_up_for() -> None:
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    clock.now += 3600
    assert pace.take(10) == 0
    assert pace.take(10) == pytest.approx(1)


def test_without_a_rate_nothing_waits() -> None:
    clock = Clock()
    Pace(None, clock, clock.sleep).wait(10**9)
    assert clock.now == 100
