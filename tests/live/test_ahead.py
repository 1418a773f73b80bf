"""Scales that are computed while the database searches."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from backfill.align.maps import unit
from backfill.live.ahead import Ahead
from backfill.live.serving import Serving, unit_vector
from backfill.live.terms import Hit, Query, Sides, Uncarried

BACKGROUND = unit(np.random.default_rng(0).normal(size=(40, 4)))
SERVING = Serving("old_query_calibrated", waiting=BACKGROUND, done=BACKGROUND[:, ::-1])
QUERIES = [Query(vector, vector) for vector in BACKGROUND[:3]]
HIT = [Hit(1, 0.5)]
LEFT = Uncarried([2], BACKGROUND[:1])
NONE_LEFT = Uncarried([], BACKGROUND[:0])


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    made = Ahead()
    yield made
    made.close()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each query whose scales were computed, whether that was beside the search."""
    seen: list[bool] = []
    scales = Serving.scales

    def watched(serving: Serving, query: Query):  # type: ignore[no-untyped-def]
        seen.append(threading.current_thread() is not threading.main_thread())
        return scales(serving, query)

    monkeypatch.setattr(Serving, "scales", watched)
    return seen


@pytest.mark.parametrize(
    ("sides", "beside"),
    [
        (Sides(HIT, HIT), True),
        (Sides([], HIT, LEFT), True),
        (Sides([], HIT, NONE_LEFT), False),
        (Sides([], HIT), False),
        (Sides(HIT, []), False),
    ],
)
def test_scales_are_computed_beside_a_search_that_follows_one_of_two_sides(
    ahead: Ahead, threads: list[bool], sides: Sides, beside: bool
) -> None:
    ahead.learn([sides])
    found = [scales() for scales in ahead.scales(SERVING, QUERIES)]
    assert threads == [beside] * 3
    assert found == [SERVING.scales(query) for query in QUERIES]


def test_nothing_is_computed_before_it_is_asked_without_two_sides(
    ahead: Ahead, threads: list[bool]
) -> None:
    ahead.scales(SERVING, QUERIES)
    ahead.learn([Sides(HIT, HIT)])
    ahead.scales(Serving("old_query"), QUERIES)
    assert threads == []


@pytest.mark.parametrize("length", [1.0, 1e-30, 1e30, 0.0])
def test_one_vector_is_scaled_as_many_are(length: float) -> None:
    vector = (length * np.array([3, -4, 0, 1])).astype(np.float32)
    np.testing.assert_allclose(unit_vector(vector), unit(vector), rtol=1e-6)
