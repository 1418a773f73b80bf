"""Mistakes that were once taken for something else, or ended in an error of another package."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backfill.align import fit, slerp
from backfill.arrays import moderate
from backfill.errors import InputError
from backfill.judgements import Judgements
from backfill.measures import of_queries
from backfill.retrieval import (
    Calibration,
    Index,
    Relevance,
    backfill_curve,
    backfill_curve_at,
    distance_histograms,
)

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(30, 4))
SYSTEM = (ROWS[:5], ROWS)
LABELS = np.arange(30) % 3
RELEVANCE = Relevance.from_labels(LABELS[:5], LABELS)
ORDER = RNG.permutation(30)


@pytest.mark.parametrize("k", [10**6, 2**31 - 2])
def test_a_k_above_the_gallery_is_the_whole_gallery(k: int) -> None:
    whole = backfill_curve(SYSTEM, SYSTEM, ORDER, RELEVANCE, 3, (1, 40))
    found = backfill_curve_at(k, SYSTEM, SYSTEM, ORDER, RELEVANCE, 3, (1, 40))
    np.testing.assert_allclose(found.average_precision, whole.average_precision)
    np.testing.assert_array_equal(found.hits[40], whole.hits[40])


@pytest.mark.parametrize("last", [40, 2**31 - 2])
def test_a_positive_that_has_not_come_is_no_hit_whatever_k_is(last: int) -> None:
    shared = {"checkpoints": 3, "top_k": (1, last), "arriving": np.arange(30) >= 3}
    relevance = Relevance.from_lists([[29]] * 4 + [[0]], None, 30)
    whole = backfill_curve(SYSTEM, SYSTEM, ORDER, relevance, **shared)
    found = backfill_curve_at(last, SYSTEM, SYSTEM, ORDER, relevance, **shared)
    for curve in (whole, found):
        assert curve.hits[last][:, 0].tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_the_length_of_float64_rows_is_of_no_matter_to_any_function(scale: float) -> None:
    far = (SYSTEM[0] * scale, ROWS * scale)
    plain = backfill_curve(SYSTEM, SYSTEM, ORDER, RELEVANCE, 3).average_precision
    given = Calibration(given=(far[1], far[1]))
    for curve in (
        backfill_curve(far, far, ORDER, RELEVANCE, 3),
        backfill_curve(
            far, far, ORDER, RELEVANCE, 3, merge="background_nearest", calibration=given
        ),
        backfill_curve_at(30, far, far, ORDER, RELEVANCE, 3),
        backfill_curve_at(30, far, far, ORDER, RELEVANCE, 3, index=Index("HNSW16", 60)),
    ):
        np.testing.assert_allclose(curve.average_precision[:, 0], plain[:, 0])
    histograms = (distance_histograms(*each, RELEVANCE)[1] for each in (far, SYSTEM))
    np.testing.assert_array_equal(*histograms)
    carried, expected = fit(far[1], ROWS), fit(ROWS, ROWS)
    np.testing.assert_allclose(carried.apply(far[1]), expected.apply(ROWS), atol=1e-6)
    turned = slerp(far[1], far[1][::-1], 0.5)
    np.testing.assert_allclose(turned, slerp(ROWS, ROWS[::-1], 0.5), atol=1e-5)


def test_only_rows_of_extreme_length_are_scaled_and_exactly() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        rows = ROWS.astype(dtype)
        assert moderate(rows) is rows
    spoilt = np.array([[np.nan, 1e300], [np.inf, 1], [0, 0], [3e300, -4e300]])
    scaled = moderate(spoilt)
    np.testing.assert_array_equal(scaled[:3], spoilt[:3])
    assert scaled[3, 0] / scaled[3, 1] == -0.75


def test_integer_labels_of_any_type_are_compared_as_numbers() -> None:
    for kind in (np.uint8, np.uint64, np.int16, object):
        relevance = Relevance.from_labels(np.array([1, 2], kind), [2, 1, 2])
        assert [relevance.positives(q).tolist() for q in (0, 1)] == [[1], [0, 2]]


THREE = Judgements.from_labels([0], [0, 1, 1])
MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: Relevance.from_labels(np.array([2**64 - 1], np.uint64), [-1]),
        "query_labels: expected integers below 2^63, got 18446744073709551615",
    ),
    (lambda: Relevance.from_labels([1], [1, "1"]), "gallery_labels: expected strings, got 1"),
    (
        lambda: Relevance.from_labels([True], [1]),
        "query_labels: expected a 1-D array of integers or strings, got bool of shape (1,)",
    ),
    (
        lambda: Relevance.from_lists([[0]], None, 5.5),
        "gallery_size: expected an integer of at least 1, got 5.5",
    ),
    (
        lambda: Relevance.from_lists([[[0], [0, 1]]], None, 5),
        "positives[0]: expected an array, got list: ",
    ),
    (
        lambda: backfill_curve(SYSTEM, SYSTEM, ORDER, "labels"),
        "relevance: expected a Relevance, got 'labels'",
    ),
    (
        lambda: backfill_curve(([[1.0], [1.0, 2.0]], ROWS), SYSTEM, ORDER, RELEVANCE),
        "before[0] (query): expected an array, got list: ",
    ),
    (
        lambda: backfill_curve(SYSTEM, SYSTEM, ORDER, RELEVANCE, 10**9),
        "checkpoints: expected an integer of at most 1000000, got 1000000000",
    ),
    (
        lambda: backfill_curve_at(2.5, SYSTEM, SYSTEM, ORDER, RELEVANCE),
        "k: expected an integer of at least 1, got 2.5",
    ),
    (
        lambda: backfill_curve_at(10**30, SYSTEM, SYSTEM, ORDER, RELEVANCE),
        "k: expected an integer of at most 2147483646, got 10000000",
    ),
    (
        lambda: distance_histograms(*SYSTEM, None),
        "relevance: expected a Relevance, which this measure needs, got None",
    ),
    (lambda: Index("HNSW0"), "index.description: expected 1 to 100 ASCII characters, and numbers"),
    (lambda: Index("HNSW1"), "index.description: HNSW1: expected an integer of at least 2, got 1"),
    (lambda: Index("IVF4,RQ0x0"), "index.description: expected 1 to 100 ASCII characters"),
    (
        lambda: of_queries(["AP"], [[0, 3]], THREE),
        "ranked: expected rows of a gallery of 3, got 3",
    ),
    (
        lambda: of_queries(["AP"], [[0, 2, 2]], THREE),
        "ranked[0]: expected each item once, got 2 twice",
    ),
    (lambda: RELEVANCE.positives(-1), "query: expected an index in 0..4, got -1"),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_a_mistake_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        call()
