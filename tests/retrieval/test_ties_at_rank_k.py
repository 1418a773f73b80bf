"""Equal and almost equal distances: curves to rank k are those of whole rankings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backfill.arrays import System
from backfill.retrieval import MERGES, Relevance, backfill_curve, backfill_curve_at
from backfill.retrieval.nearest import by_index, merged, nearest_items
from backfill.retrieval.nearest_lists import similarity, slack, to_unit
from backfill.retrieval.schedule import Schedule
from backfill.retrieval.similarity import normalise

QUERIES = 6


@st.composite
def galleries(draw: st.DrawFn) -> tuple[System, System, Relevance, NDArray[np.int64]]:
    """Copies of a few items, some of them moved by next to nothing, in two systems."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    distinct, size = draw(st.integers(1, 12)), draw(st.integers(1, 80))
    moved = draw(st.sampled_from([0.0, 1e-9, 1e-6]))
    dtype = np.float64 if moved else draw(st.sampled_from([np.float32, np.float64]))
    of = rng.integers(0, distinct, size)
    # Copies of a query that are moved by next to nothing are at distance 0 but for rounding.
    itself = not moved and draw(st.booleans())
    systems = []
    for dimensions in draw(st.sampled_from([(5, 5), (3, 18), (64, 7)])):
        items = rng.standard_normal((distinct, dimensions))[of]
        items[rng.random(size) < 0.5] += moved * rng.standard_normal(dimensions)
        query = rng.standard_normal((QUERIES, dimensions))
        if itself:
            query[: min(size, QUERIES)] = items[:QUERIES]
        systems.append(System(query.astype(dtype), items.astype(dtype)))
    positives = [np.flatnonzero(rng.random(size) < 0.4) for _ in range(QUERIES)]
    positives[0] = np.arange(size)[:1]
    ignored = [np.flatnonzero(rng.random(size) < 0.1) for _ in range(QUERIES)]
    ignored[0] = ignored[0][ignored[0] > 0]
    relevance = Relevance.from_lists(positives, ignored, size)
    return systems[0], systems[1], relevance, rng.permutation(size)


@settings(max_examples=40, deadline=None)
@given(galleries(), st.integers(1, 90), st.sampled_from([1, 7, 1000]))
def test_copies_and_near_copies_rank_as_in_the_whole_ranking(
    drawn: tuple[System, System, Relevance, NDArray[np.int64]], k: int, block_rows: int
) -> None:
    before, after, relevance, order = drawn
    shared = {"checkpoints": 4, "top_k": (1,)}
    whole = backfill_curve(before, after, order, relevance, map_at=k, **shared)
    found = backfill_curve_at(k, before, after, order, relevance, block_rows=block_rows, **shared)
    np.testing.assert_allclose(found.average_precision, whole.average_precision, atol=1e-12)
    np.testing.assert_array_equal(found.hits[1], whole.hits[1])


@pytest.mark.parametrize("block_rows", [1, 4, 100])
def test_ten_copies_of_one_item_are_ranked_by_index(block_rows: int) -> None:
    rows = np.tile(np.random.default_rng(0).standard_normal(33), (10, 1)).astype(np.float32)
    query = rows[:1] + 1
    relevance = Relevance.from_lists([[0, 2, 9]], [[]], 10)
    order = np.arange(10)[::-1]
    curve = backfill_curve_at(
        3, (query, rows), (query, rows), order, relevance, top_k=(1,), block_rows=block_rows
    )
    np.testing.assert_allclose(curve.average_precision, (1 / 1 + 2 / 3) / 3)


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("block_bytes", [1, 2**26])
def test_before_and_after_a_backfill_copies_are_ranked_by_index_under_every_merge(
    merge: str, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backfill.retrieval.similarity.BLOCK_BYTES", block_bytes)
    rng = np.random.default_rng(0)
    copies = rng.standard_normal((2, 33)).astype(np.float32)[np.arange(12) // 10]
    query = rng.standard_normal((4, 33)).astype(np.float32)
    nearer = (query @ copies[[0, -1]].T).argmax(axis=1)
    relevance = Relevance.from_lists([[0, 2, 9, 11]] * 4, None, 12)
    system = query, copies
    curve = backfill_curve(
        system, system, np.arange(12)[::-1], relevance, 2, (1,), merge=merge, map_at=4
    )
    # Ranked 0 1 2 3, or 10 11 0 1.
    expected = np.where(nearer == 0, (1 + 2 / 3) / 4, (1 / 2 + 2 / 3) / 4)
    np.testing.assert_allclose(curve.average_precision, np.stack([expected] * 2, axis=1))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([1, 7, 1000]))
def test_a_last_bit_of_float32_ranks_as_the_vectors_say(seed: int, k: int, block_rows: int) -> None:
    """Items a rounding apart: whole rankings multiply float32; here the vectors alone decide."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((2, 9)).astype(np.float32)[rng.integers(0, 2, 50)]
    rows = np.nextafter(rows, np.float32(9) * rng.integers(-1, 2, rows.shape).astype(np.float32))
    query = rng.standard_normal((3, 9)).astype(np.float32)
    positives = np.flatnonzero(rng.random(50) < 0.4)
    relevance = Relevance.from_lists([positives] * 3, None, 50)
    units = [normalise(a, np.dtype(np.float32)).astype(np.float64) for a in (query, rows)]
    exact = np.array([[similarity(q, row) for row in units[1]] for q in units[0]])
    system = query, rows
    curve = backfill_curve_at(
        k, system, system, np.arange(50), relevance, 2, (1,), block_rows=block_rows
    )
    for q in range(3):
        hits = np.isin(np.lexsort((np.arange(50), -exact[q]))[:k], positives)
        precision = (np.cumsum(hits) / np.arange(1, len(hits) + 1) * hits).sum()
        expected = precision / min(len(positives), k)
        np.testing.assert_allclose(curve.average_precision[q], expected)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_copies_of_twice_the_length_tie(dtype: type[np.floating]) -> None:
    rng = np.random.default_rng(0)
    rows = np.tile(rng.standard_normal(7), (20, 1)).astype(dtype)
    rows[::2] *= dtype(2)
    query = rng.standard_normal((1, 7)).astype(dtype)
    relevance = Relevance.from_lists([[1, 18]], None, 20)
    system, order = (query, rows), np.arange(20)
    for curve in (
        backfill_curve(system, system, order, relevance, 3, (1,), map_at=3),
        backfill_curve_at(3, system, system, order, relevance, 3, (1,), block_rows=7),
    ):
        np.testing.assert_allclose(curve.average_precision, 1 / 4)


def test_many_ties_at_the_cut_keep_the_lowest_indices() -> None:
    """More of them than a search is asked for, in several blocks; a nearer item comes last."""
    rng = np.random.default_rng(0)
    rows = np.tile(rng.standard_normal((1, 20)), (5000, 1)).astype(np.float32)
    query = rng.standard_normal((3, 20)).astype(np.float32)
    rows[4990:4993] = query
    schedule = Schedule.of(np.arange(5000), np.zeros(1), np.zeros(5000, bool))
    systems = System(query, rows), System(query, rows)
    for block_rows in (700, 5000):
        (found,) = nearest_items(*systems, schedule, 4, block_rows=block_rows)
        assert found.items.tolist() == [[4990, 0, 1, 2], [4991, 0, 1, 2], [4992, 0, 1, 2]]


def test_float32_products_are_within_the_slack() -> None:
    for dimensions in (1, 3, 128, 1000):
        rng = np.random.default_rng(dimensions)
        a, b = (
            normalise(rng.standard_normal((50, dimensions)), np.dtype(np.float64)) for _ in "ab"
        )
        product = a.astype(np.float32) @ b.astype(np.float32).T
        assert np.abs(product - a @ b.T).max() < slack(dimensions)


def test_unit_rows_are_those_of_the_whole_ranking() -> None:
    rows = np.random.default_rng(0).standard_normal((40, 7)) * np.logspace(-150, 150, 40)[:, None]
    unit = rows.copy()
    assert to_unit(unit) == 40
    np.testing.assert_allclose(unit, normalise(rows, np.dtype(np.float64)), rtol=1e-15)


def test_lists_are_merged_by_distance_and_index() -> None:
    minus = -np.inf
    first = by_index(np.array([[5, 2, -1]]), np.array([[0.5, 0.5, 0.9]], np.float32))
    assert first.items.tolist() == [[2, 5, -1]]
    second = by_index(np.array([[3, 9, 8]]), np.array([[0.5, 0.25, 0.7]], np.float32))
    both = merged([first, second], 4)
    assert both.items.tolist() == [[8, 2, 3, 5]]
    longer = merged([first, second], 6)
    assert longer.items.tolist() == [[8, 2, 3, 5, 9, -1]]
    assert longer.similarity[0, -1] == minus
