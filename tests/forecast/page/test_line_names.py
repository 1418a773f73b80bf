"""Scales, numbers, and names beside lines."""

import numpy as np
import pytest

from backfill.forecast.page.labels import GRID, HEIGHT, WIDTH, Wanted, beside, placed, width_of
from backfill.forecast.page.scale import scale_of
from backfill.forecast.page.words import duration, number, share, size, with_code


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.513, 1 + 1e-15], (50, 60, 70, 80, 90, 100)),
        ([0.305, 0.333], (30, 31, 32, 33, 34)),
        ([0.0, 1.0], (0, 20, 40, 60, 80, 100)),
        ([0.5], (50, 51)),
        ([-0.02, 0.01], (-2, -1, 0, 1)),
    ],
)
def test_ticks_are_round_and_hold_all(values: list[float], ticks: tuple[int, ...]) -> None:
    assert scale_of(values).ticks == ticks


def test_the_highest_tick_is_at_the_upper_edge() -> None:
    scale = scale_of([0, 1])
    assert (scale.y(1), scale.y(0.5), scale.y(0)) == (0, 50, 100)


def test_names_meet_neither_lines_nor_each_other() -> None:
    lines = [np.full(len(GRID), 100.0), np.full(len(GRID), 115.0), 300 - GRID]
    texts = ["one line", "another line", "a third"]
    wanted = [
        Wanted("x", text, beside(text, line, line, prefer=0.5))
        for text, line in zip(texts, lines, strict=True)
    ]
    labels = placed(wanted, lines)
    boxes = []
    for label in labels:
        left = label.x / 100 * WIDTH - width_of(label.text) / 2
        foot = label.y / 100 * HEIGHT + 4
        under = (left <= GRID) & (left + width_of(label.text) >= GRID)
        boxes.append((left, foot - 17, left + width_of(label.text), foot))
        for line in lines:
            assert not ((line[under] > foot - 16) & (line[under] < foot - 1)).any()
    for at, one in enumerate(boxes):
        assert one[0] >= 0
        assert one[2] <= WIDTH
        for other in boxes[:at]:
            apart = one[2] <= other[0] or one[0] >= other[2]
            assert apart or one[3] <= other[1] + 1 or one[1] >= other[3] - 1


def test_numbers_as_people_read_them() -> None:
    assert [share(f) for f in (0, 0.0002, 0.357, 0.997, 1)] == [
        "0%",
        "0.02%",
        "36%",
        "99.7%",
        "100%",
    ]
    assert [number(v) for v in (-0.0001, -0.021, 1)] == ["0.0", "−2.1", "100.0"]
    assert [size(n) for n in (12, 15_360_000, 2e15)] == ["12 bytes", "15.4 MB", "2,000.0 TB"]
    assert [duration(s) for s in (3, 600, 9000, 1e6)] == [
        "3.0 seconds", "10.0 minutes", "2.5 hours", "11.6 days",
    ]  # fmt: skip


def test_code_stays_text_where_backticks_do_not_pair() -> None:
    assert with_code("a `<b>` c") == "a <code>&lt;b&gt;</code> c"
    assert with_code("a ` <b>") == "a ` &lt;b&gt;"
