"""What re-embedding the rest costs."""

import json
from pathlib import Path

import pytest

from backfill.forecast.cost import cost, measured_rate


def test_time_and_money_follow_from_the_items_that_wait_and_disk_from_all() -> None:
    found = cost(items=9_000, size=10_000, width=384, rate=30, price=0.02)
    assert found.seconds == 300
    assert found.money == pytest.approx(0.18)
    assert found.disk == 10_000 * 384 * 4


def test_what_is_not_known_is_not_said() -> None:
    found = cost(items=9_000, size=10_000, width=384)
    assert found.seconds is None
    assert found.money is None


@pytest.mark.parametrize(
    ("stored", "rate"),
    [
        ({"new": 12.5}, 12.5),
        ({"new": {"items_per_s": 40}}, 40.0),
        ({"new": 0}, None),
        ({"old": 3}, None),
        ([], None),
        ({"new": "fast"}, None),
    ],
)
def test_a_measured_rate_is_taken_over(stored: object, rate: float | None, tmp_path: Path) -> None:
    (tmp_path / ".backfill").mkdir()
    (tmp_path / ".backfill" / "rates.json").write_text(json.dumps(stored))
    assert measured_rate(tmp_path) == rate


def test_without_a_file_no_rate_is_known(tmp_path: Path) -> None:
    assert measured_rate(tmp_path) is None
