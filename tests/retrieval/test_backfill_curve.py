"""Backfill curves against sorting, scikit-learn, and cases worked out by hand."""

import doctest
import tracemalloc
from collections.abc import Callable, Iterator

import brute_force
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

import backfill.retrieval
from backfill.arrays import System
from backfill.orders.random import shuffled
from backfill.retrieval import (
    BackfillCurve,
    Relevance,
    backfill_curve,
    draw_arrivals,
    ranks,
    similarity,
)


def test_the_example_in_the_module_docstring() -> None:
    assert doctest.testmod(backfill.retrieval).failed == 0


def random_relevance(
    draw: Callable[[st.SearchStrategy[int]], int], queries: int, size: int, rng: np.random.Generator
) -> Relevance:
    """Labels, or lists with ignored items; at least one query keeps a positive."""
    if draw(st.integers(0, 1)):
        gallery = rng.integers(0, 3, size)
        labels = rng.integers(0, 4, queries)  # label 3 has no positives
        labels[0] = gallery[-1]
        positions = (np.arange(queries) + draw(st.integers(0, size - 1))) % size
        positions[0] = 0
        ignore_self = bool(draw(st.integers(0, 1))) and size > 1
        return Relevance.from_labels(
            labels, gallery, ignore_self, positions if ignore_self else None
        )
    positives = [np.flatnonzero(rng.random(size) < rng.random()) for _ in range(queries)]
    ignored = [np.flatnonzero(rng.random(size) < 0.3) for _ in range(queries)]
    positives[0] = np.union1d(positives[0], [size - 1])
    ignored[0] = np.setdiff1d(ignored[0], [size - 1])
    return Relevance.from_lists(positives, ignored, size)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, object]:
    """Small systems full of exact ties: entries of ±1 in 4 or 16 dimensions have norm 2 or 4."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    queries, size = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))

    def signs(items: int, dimensions: int) -> NDArray[np.floating]:
        return rng.choice([-1.0, 1.0], (items, dimensions)).astype(dtype)

    wide, narrow = draw(st.sampled_from([(4, 4), (4, 16), (16, 4), (16, 16)]))
    before = signs(queries, wide), signs(size, wide)
    after = signs(queries, narrow), signs(size, narrow)
    if wide == narrow and draw(st.booleans()):
        after = before[0], after[1]
        if draw(st.booleans()):
            after = before
    order = np.arange(size) if draw(st.booleans()) else rng.permutation(size)
    fractions = draw(
        st.sampled_from([[0.0, 1.0], [0.0, 0.3, 0.5, 0.7, 1.0], [0.4, 0.8], [1.0], [0.0], [0.2, 1]])
    )
    return {
        "before": before,
        "after": after,
        "order": order if draw(st.booleans()) else order[::-1],
        "relevance": random_relevance(draw, queries, size, rng),
        "fractions": np.array(fractions, dtype=np.float64),
    }


def check(
    case: dict[str, object],
    tolerance: float,
    top_k: tuple[int, ...] = (1, 2, 5),
    **options: object,
) -> None:
    arguments = [case[name] for name in ("before", "after", "order", "relevance", "fractions")]
    precision, hits = brute_force.curve(*arguments, top_k, **options)  # type: ignore[arg-type]
    for curve in in_both_ways(*arguments, top_k=top_k, **options):
        np.testing.assert_allclose(curve.average_precision, precision, rtol=0, atol=tolerance)
        for k in top_k:
            np.testing.assert_array_equal(curve.hits[k], hits[k])


def in_both_ways(*arguments: object, **options: object) -> Iterator[BackfillCurve]:
    """The curve by listing the ranks anew at every checkpoint, and by following every item."""
    for followed_from in (np.inf, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ranks, "_FOLLOWED_FROM", followed_from)
            yield backfill_curve(*arguments, **options)  # type: ignore[arg-type]


@given(cases())
@settings(max_examples=120, deadline=None)
def test_equals_sorting_on_ties(case: dict[str, object]) -> None:
    check(case, 1e-12)


@given(cases(), st.sampled_from(["reciprocal_rank", "min_max", "z_score"]))
@settings(max_examples=80, deadline=None)
def test_merges_equal_sorting_at_every_checkpoint(case: dict[str, object], merge: str) -> None:
    check(case, 1e-12, merge=merge)


@given(cases(), st.integers(1, 14))
@settings(max_examples=50, deadline=None)
def test_truncated_precision_equals_sorting(case: dict[str, object], map_at: int) -> None:
    check(case, 1e-12, map_at=map_at)


@given(
    cases(),
    st.integers(0, 2**32),
    st.sampled_from(["distance", "reciprocal_rank", "min_max", "z_score"]),
    st.sampled_from([None, 2]),
)
@settings(max_examples=100, deadline=None)
def test_arrivals_equal_a_gallery_built_anew(
    case: dict[str, object], seed: int, merge: str, map_at: int | None
) -> None:
    """Gallery item N - 1, a positive of query 0, is there from the start."""
    size = len(case["order"])  # type: ignore[arg-type]
    arriving = np.random.default_rng(seed).random(size) < 0.4
    arriving[-1] = False
    check(case, 1e-12, merge=merge, arriving=arriving, map_at=map_at)


def real_case(dtype: type[np.floating], queries: int, size: int, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 8, size)
    centres = {d: rng.standard_normal((8, d)) for d in (24, 40)}

    def embed(dimensions: int, noise: float) -> NDArray[np.floating]:
        noisy = centres[dimensions][labels] + noise * rng.standard_normal((size, dimensions))
        return noisy.astype(dtype)

    old, new = embed(24, 3.0), embed(40, 2.0)
    return {
        "before": (old[:queries], old),
        "after": (new[:queries], new),
        "order": rng.permutation(size),
        "relevance": Relevance.from_labels(labels[:queries], labels, True, np.arange(queries)),
        "fractions": np.linspace(0, 1, 6),
    }


def test_equals_sorting_in_float64() -> None:
    check(real_case(np.float64, 12, 700, seed=1), 1e-12)


def test_equals_sorting_in_float32() -> None:
    check(real_case(np.float32, 12, 700, seed=2), 1e-5)


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("map_at", [None, 20])
def test_all_is_after_every_item(share: float, map_at: int | None) -> None:
    case = real_case(np.float64, 8, 120, seed=4)
    arriving = draw_arrivals(120, share, 4)
    case["fractions"] = np.linspace(0, 1, 121 - arriving.sum())
    check(case, 1e-12, map_at=map_at, arriving=arriving)
    arguments = [case[name] for name in ("before", "after", "order", "relevance")]
    curve = backfill_curve(*arguments, "all", map_at=map_at, arriving=arriving)  # type: ignore[arg-type]
    np.testing.assert_array_equal(curve.fraction, case["fractions"])


def test_all_has_no_error_of_a_grid() -> None:
    """The grid's points lie on it, and its area is the mean over every state."""
    case = real_case(np.float32, 12, 700, seed=5)
    arguments = [case[name] for name in ("before", "after", "order", "relevance")]
    every = backfill_curve(*arguments, "all")  # type: ignore[arg-type]
    grid = backfill_curve(*arguments, 8)  # type: ignore[arg-type]
    np.testing.assert_allclose(
        every.mean_average_precision[::100], grid.mean_average_precision, rtol=0, atol=1e-12
    )
    steps = every.mean_average_precision
    assert every.auc_map == pytest.approx((steps[1:] + steps[:-1]).mean() / 2)
    assert abs(every.auc_map - grid.auc_map) > 1e-5


@pytest.mark.parametrize("merge", ["reciprocal_rank", "min_max", "z_score"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_merges_equal_sorting_on_plain_numbers(dtype: type[np.floating], merge: str) -> None:
    case = real_case(dtype, 12, 300, seed=8)
    arriving = np.random.default_rng(8).random(300) < 0.3
    tolerance = 1e-12 if dtype is np.float64 else 1e-5
    check(case, tolerance, merge=merge, map_at=40, arriving=arriving)


@pytest.mark.parametrize("merge", ["reciprocal_rank", "z_score"])
def test_blocks_of_queries_do_not_show_in_merges(
    monkeypatch: pytest.MonkeyPatch, merge: str
) -> None:
    monkeypatch.setattr(similarity, "BLOCK_BYTES", 7 * 300 * (2 * 8 + 16))  # seven queries
    check(real_case(np.float64, 20, 300, seed=3), 1e-12, merge=merge)


def test_a_query_counts_once_a_positive_is_there_from_the_start() -> None:
    """Query 0 has item 0 at once and item 2 later; query 1 only has item 3, which comes last."""
    query, gallery = np.array([[1.0, 0.0]] * 2), np.array([[1, 0], [3, 1], [2, 1], [1, 1.0]])
    relevance = Relevance.from_lists([[0, 2], [3]], [[], []], 4)
    curve = backfill_curve(
        (query, gallery),
        (query, gallery),
        [2, 0, 1, 3],
        relevance,
        checkpoints=[0, 0.5, 1],
        arriving=np.array([False, False, True, True]),
    )
    np.testing.assert_allclose(
        curve.average_precision, [[1, (1 + 2 / 3) / 2, (1 + 2 / 3) / 2], [np.nan, np.nan, 1 / 4]]
    )
    np.testing.assert_array_equal(curve.hits[5], [[True] * 3, [False, False, True]])
    np.testing.assert_array_equal(curve.has_positives, [True, False])
    np.testing.assert_allclose(curve.mean_average_precision, curve.average_precision[0])
    np.testing.assert_array_equal(curve.cmc[5], [1, 1, 1])


def test_arrivals_are_drawn_apart_from_the_order() -> None:
    drawn = draw_arrivals(1000, 0.25, seed=3)
    assert drawn.sum() == 250
    np.testing.assert_array_equal(drawn, draw_arrivals(1000, 0.25, seed=3))
    assert (drawn != draw_arrivals(1000, 0.25, seed=4)).any()
    # About a quarter of the first quarter of the order are arrivals, as of any other quarter.
    assert 40 < drawn[shuffled(1000, 3)[:250]].sum() < 85


def test_blocks_of_queries_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    case = real_case(np.float64, 50, 300, seed=3)
    monkeypatch.setattr(similarity, "BLOCK_BYTES", 7 * 2 * 300 * 8)  # seven queries
    assert len(list(similarity.query_blocks(50, 2 * 300 * 8))) == 8
    check(case, 1e-12)


def test_thresholds_within_a_hair_of_each_other() -> None:
    """Similarities that differ by less than a bucket can resolve still rank exactly."""
    angle = np.concatenate([np.linspace(0.3, 0.3 + 1e-10, 30), [0.1, 1.0]])
    gallery = np.column_stack([np.cos(angle), np.sin(angle)])
    query = np.array([[1.0, 0.0]])
    relevance = Relevance.from_lists([np.arange(0, 30, 2)], [[]], 32)
    order = np.arange(32)[::-1].copy()
    case = {"before": (query, gallery), "after": (query, gallery[::-1].copy()), "order": order}
    check({**case, "relevance": relevance, "fractions": np.linspace(0, 1, 5)}, 1e-12)


def test_thresholds_too_close_to_scale_by_their_distance() -> None:
    query, gallery = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0], [1e-25, 1.0], [3.0, 4.0]])
    relevance = Relevance.from_lists([[0, 1]], [[]], 3)
    curve = backfill_curve((query, gallery), (query, gallery), [0, 1, 2], relevance, [0.0])
    np.testing.assert_allclose(curve.average_precision, [[(1 / 2 + 2 / 3) / 2]], rtol=1e-15)


def test_many_tied_positives() -> None:
    rng = np.random.default_rng(9)
    gallery, again = rng.choice([-1.0, 1.0], (2, 150, 4))
    case = {
        "before": (gallery[:3], gallery),
        "after": (gallery[:3], again),
        "order": rng.permutation(150),
        "relevance": Relevance.from_lists(
            [rng.choice(150, 60, replace=False) for _ in range(3)], [[]] * 3, 150
        ),
        "fractions": np.linspace(0, 1, 4),
    }
    check(case, 1e-12)


@pytest.mark.parametrize("fraction", [0.0, 0.37, 1.0])
def test_equals_scikit_learn(fraction: float) -> None:
    rng = np.random.default_rng(4)
    size, queries = 400, 20
    before = rng.standard_normal((queries, 8)), rng.standard_normal((size, 8))
    after = rng.standard_normal((queries, 12)), rng.standard_normal((size, 12))
    order = rng.permutation(size)
    positives = [rng.choice(size, rng.integers(1, 60), replace=False) for _ in range(queries)]
    ignored = [rng.choice(size, 30, replace=False) for _ in range(queries)]
    relevance = Relevance.from_lists(positives, ignored, size)
    curve = backfill_curve(before, after, order, relevance, checkpoints=[fraction])

    moved = order[: round(fraction * size)]
    score = brute_force.unit(before[0]) @ brute_force.unit(before[1]).T
    score[:, moved] = (brute_force.unit(after[0]) @ brute_force.unit(after[1]).T)[:, moved]
    for q in range(queries):
        kept = np.setdiff1d(np.arange(size), ignored[q])
        truth = np.isin(kept, positives[q])
        expected = average_precision_score(truth, score[q, kept])
        assert curve.average_precision[q, 0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("same_query", [True, False])
def test_identical_rows_rank_by_index_in_float32(same_query: bool) -> None:
    """The i-th of 1,001 copies of one row is exactly the i-th nearest.

    At these sizes and dimensions, a plain float32 product gives some of the copies another
    similarity, at the edges of its blocks.
    """
    rng = np.random.default_rng(5)
    size, queries = 1001, 64
    gallery = np.tile(rng.standard_normal(37).astype(np.float32), (size, 1))
    query = rng.standard_normal((queries, 37)).astype(np.float32)
    other = query if same_query else query[::-1].copy()
    wanted = np.linspace(0, size - 1, queries).astype(int)
    curve = backfill_curve(
        (query, gallery),
        (other, gallery),
        rng.permutation(size),
        Relevance.from_lists(wanted[:, None], [[]] * queries, size),
        checkpoints=5 if same_query else 2,  # between 0 and 1, copies in two systems do not tie
    )
    for column in curve.average_precision.T:
        np.testing.assert_array_equal(column, 1 / (wanted + 1))


def test_equal_rows_tie_across_systems_and_signed_zeros() -> None:
    """With one query embedding, an item that is backfilled with an equal row keeps its rank."""
    rng = np.random.default_rng(6)
    size, queries = 333, 64
    query = rng.standard_normal((queries, 9)).astype(np.float32)
    gallery = np.tile(rng.standard_normal(9).astype(np.float32), (size, 1))
    gallery[:, 4] = 0.0
    again = gallery.copy()
    again[:, 4] = -0.0
    wanted = np.linspace(0, size - 1, queries).astype(int)
    curve = backfill_curve(
        (query, gallery),
        (query, again),
        np.arange(size)[::-1],
        Relevance.from_lists(wanted[:, None], [[]] * queries, size),
    )
    for column in curve.average_precision.T:
        np.testing.assert_array_equal(column, 1 / (wanted + 1))


def test_equal_rows_share_one_similarity() -> None:
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((3, 4))
    old, new = rows[[0, 1, 0, 2]], rows[[1, 1, 0, 0]]
    order = np.array([3, 0, 1, 2])
    before = System(rows, old)
    together = similarity.SimilarityPlan.of(before, System(rows, new), order)
    assert together.width == 3
    np.testing.assert_array_equal(together.columns, [[0, 1, 2, 1], [1, 2, 2, 1]])
    apart = similarity.SimilarityPlan.of(before, System(rows[::-1], new), order)
    assert apart.width == 3 + 2
    np.testing.assert_array_equal(apart.columns, [[0, 1, 2, 1], [3, 4, 4, 3]])


def test_signed_zeros_are_one_value() -> None:
    rows = similarity.normalise(np.array([[1.0, 0.0], [1.0, -0.0]]), np.dtype(np.float32))
    assert len(similarity.distinct_rows(rows)[0]) == 1


def test_means_and_areas_by_hand() -> None:
    """Query 0 finds its positive second until it is backfilled; query 1 has no positive."""
    query = np.array([[1.0, 0.0], [1.0, 0.0]])
    old = np.array([[0.6, 0.8], [0.8, 0.6]])
    new = np.array([[1.0, 0.0], [0.8, 0.6]])
    relevance = Relevance.from_lists([[0], []], [[], []], 2)
    curve = backfill_curve(
        (query, old), (query, new), [1, 0], relevance, checkpoints=[0, 0.5, 1], top_k=(1, 2)
    )
    np.testing.assert_array_equal(curve.average_precision[0], [0.5, 0.5, 1.0])
    assert np.isnan(curve.average_precision[1]).all()
    np.testing.assert_array_equal(curve.hits[1], [[False, False, True], [False] * 3])
    np.testing.assert_array_equal(curve.mean_average_precision, [0.5, 0.5, 1.0])
    np.testing.assert_array_equal(curve.cmc[1], [0, 0, 1])
    np.testing.assert_array_equal(curve.cmc[2], [1, 1, 1])
    assert curve.auc_map == pytest.approx(0.25 + 0.375)
    assert curve.auc_cmc == pytest.approx({1: 0.25, 2: 1.0})


def test_a_fraction_backfills_the_nearest_number_of_items() -> None:
    query, old = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]] * 10)
    new = np.array([[1.0, 0.0]] * 10)
    relevance = Relevance.from_lists([[9]], [[]], 10)
    order = np.arange(10)[::-1]  # item 9 first, then 8, which takes the first rank from it
    curve = backfill_curve((query, old), (query, new), order, relevance, [0.04, 0.06, 0.14, 0.16])
    np.testing.assert_allclose(curve.average_precision, [[1 / 10, 1, 1, 1 / 2]])


def test_ignored_wins_over_positive() -> None:
    query, gallery = np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8]])
    relevance = Relevance.from_lists([[0, 2]], [[0]], 3)
    curve = backfill_curve((query, gallery), (query, gallery), [0, 1, 2], relevance)
    np.testing.assert_array_equal(curve.average_precision, np.full((1, 11), 0.5))


def test_scale_of_the_embeddings_does_not_matter() -> None:
    case = real_case(np.float64, 5, 60, seed=7)
    query, gallery = case["before"]  # type: ignore[misc]
    arguments = case["after"], case["order"], case["relevance"]
    plain = backfill_curve((query, gallery), *arguments)  # type: ignore[arg-type]
    huge = backfill_curve((query * 2.0**-900, gallery * 2.0**900), *arguments)  # type: ignore[arg-type]
    np.testing.assert_array_equal(plain.average_precision, huge.average_precision)


def test_memory_does_not_grow_with_queries_times_gallery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "BLOCK_BYTES", 2**22)
    size = 4000
    rng = np.random.default_rng(8)
    old, new = (rng.standard_normal((size, 8)).astype(np.float32) for _ in range(2))
    labels = np.arange(size) % 400
    relevance = Relevance.from_labels(labels, labels, ignore_self=True)
    tracemalloc.start()
    backfill_curve((old, old), (new, new), rng.permutation(size), relevance, checkpoints=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size * size  # a byte per pair; the similarities alone would be eight
