"""Curves from the nearest items, in one pass, against curves from whole rankings."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from backfill.arrays import System
from backfill.errors import InputError
from backfill.retrieval import Index, Relevance, backfill_curve, backfill_curve_at
from backfill.retrieval.approximate import nearest_items_approximately, recall
from backfill.retrieval.nearest import Nearest, nearest_items
from backfill.retrieval.schedule import Schedule

QUERIES, SIZE = 40, 1500
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 30, SIZE)
ORDER = RNG.permutation(SIZE)
RELEVANCE = Relevance.from_labels(LABELS[:QUERIES], LABELS, True, np.arange(QUERIES))


def embeddings(dimensions: int, noise: float, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((30, dimensions))[LABELS]
    return np.asarray(rows + noise * rng.standard_normal(rows.shape), np.float32)


OLD, NEW = embeddings(24, 3.0, 1), embeddings(40, 2.0, 2)
BEFORE, AFTER = System(OLD[:QUERIES], OLD), System(NEW[:QUERIES], NEW)


@pytest.mark.parametrize("k", [5, 100, 1500])
@pytest.mark.parametrize("block_rows", [7, 400, 10_000])
@pytest.mark.parametrize("checkpoints", [2, 11])
def test_equals_the_whole_ranking(k: int, block_rows: int, checkpoints: int) -> None:
    whole = backfill_curve(BEFORE, AFTER, ORDER, RELEVANCE, checkpoints, map_at=k)
    found = backfill_curve_at(
        k, BEFORE, AFTER, ORDER, RELEVANCE, checkpoints, block_rows=block_rows
    )
    np.testing.assert_allclose(found.average_precision, whole.average_precision, atol=1e-6)
    for cutoff in (1, 5):
        np.testing.assert_array_equal(found.hits[cutoff], whole.hits[cutoff])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_galleries_on_disk(dtype: type[np.floating], tmp_path: Path) -> None:
    paths = []
    for name, rows in (("old", OLD), ("new", NEW)):
        paths.append(tmp_path / f"{name}.npy")
        np.save(paths[-1], rows.astype(dtype))
    old, new = (np.load(path, mmap_mode="r") for path in paths)
    queries = [rows[:QUERIES].astype(dtype) for rows in (OLD, NEW)]
    found = backfill_curve_at(
        20, (queries[0], old), (queries[1], new), ORDER, RELEVANCE, block_rows=333
    )
    whole = backfill_curve((queries[0], old), (queries[1], new), ORDER, RELEVANCE, map_at=20)
    np.testing.assert_allclose(found.average_precision, whole.average_precision, atol=1e-5)


def test_changes_of_a_copy_on_write_gallery_are_kept(tmp_path: Path) -> None:
    np.save(tmp_path / "new.npy", NEW)
    copy = np.load(tmp_path / "new.npy", mmap_mode="c")
    copy[:] = copy[::-1].copy()
    changed = copy.copy()
    backfill_curve_at(10, BEFORE, (NEW[:QUERIES], copy), ORDER, RELEVANCE, block_rows=500)
    np.testing.assert_array_equal(copy, changed)


def test_ignored_items_cost_no_ranks() -> None:
    rng = np.random.default_rng(3)
    positives = [np.flatnonzero(rng.random(SIZE) < 0.05) for _ in range(QUERIES)]
    ignored = [np.flatnonzero(rng.random(SIZE) < 0.1) for _ in range(QUERIES)]
    positives[4] = np.array([], np.int64)
    relevance = Relevance.from_lists(positives, ignored, SIZE)
    whole = backfill_curve(BEFORE, AFTER, ORDER, relevance, map_at=30)
    found = backfill_curve_at(30, BEFORE, AFTER, ORDER, relevance, block_rows=256)
    assert np.isnan(found.average_precision[4]).all()
    np.testing.assert_allclose(found.average_precision, whole.average_precision, atol=1e-6)
    np.testing.assert_array_equal(found.hits[5], whole.hits[5])


def test_what_is_wrong_is_named() -> None:
    damaged = OLD.copy()
    damaged[700] = np.nan
    with pytest.raises(InputError, match=r"before\[1\] \(gallery\).*at row 700"):
        backfill_curve_at(10, (OLD[:QUERIES], damaged), AFTER, ORDER, RELEVANCE, block_rows=256)
    with pytest.raises(InputError, match="top_k: expected none above k, 3, got 5"):
        backfill_curve_at(3, BEFORE, AFTER, ORDER, RELEVANCE)
    with pytest.raises(InputError, match=r"after\[1\] \(gallery\): expected 40 dimensions"):
        backfill_curve_at(3, BEFORE, (NEW[:QUERIES], OLD), ORDER, RELEVANCE)
    with pytest.raises(InputError, match=r"before: expected a pair \(query, gallery\), got 1 val"):
        backfill_curve_at(3, (OLD,), AFTER, ORDER, RELEVANCE)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="block_rows: expected an integer of at least 1, got 0"):
        backfill_curve_at(3, BEFORE, AFTER, ORDER, RELEVANCE, block_rows=0)
    with pytest.raises(InputError, match="1500 rows"):
        backfill_curve_at(3, BEFORE, (NEW[:QUERIES], NEW[:10]), ORDER, RELEVANCE)
    with pytest.raises(InputError, match="relevance: expected 30 queries"):
        backfill_curve_at(3, (OLD[:30], OLD), (NEW[:30], NEW), ORDER, RELEVANCE)


def items(found: list[Nearest]) -> NDArray[np.int64]:
    return np.stack([nearest.items for nearest in found], axis=1)


ARRIVING = np.random.default_rng(5).random(SIZE) < 0.3
SCHEDULE = Schedule.of(ORDER, np.linspace(0, 1, 4), np.zeros(SIZE, bool))


@pytest.mark.parametrize("index", [None, Index("IVF16,Flat", effort=16)])
def test_arrivals_come_embedded_by_the_new_system(index: Index | None) -> None:
    chosen = {"checkpoints": 6, "arriving": ARRIVING}
    whole = backfill_curve(BEFORE, AFTER, ORDER, RELEVANCE, map_at=25, **chosen)
    found = backfill_curve_at(25, BEFORE, AFTER, ORDER, RELEVANCE, index=index, **chosen)
    np.testing.assert_allclose(found.average_precision, whole.average_precision, atol=1e-6)
    np.testing.assert_array_equal(found.hits[5], whole.hits[5])


@pytest.mark.parametrize("index", [Index("IVF16,Flat", 16), Index("HNSW16", 1500)])
def test_an_index_searched_whole_finds_the_exact_items(index: Index) -> None:
    exact = list(nearest_items(BEFORE, AFTER, SCHEDULE, 20))
    found = list(nearest_items_approximately(BEFORE, AFTER, SCHEDULE, 20, index))
    assert (recall(items(found), items(exact)) > 0.99).all()


def test_less_effort_finds_less_and_every_item_from_its_side() -> None:
    exact = list(nearest_items(BEFORE, AFTER, SCHEDULE, 20))
    shares = []
    for effort in (1, 4):
        index = Index("IVF16,Flat", effort, recall_queries=QUERIES)
        found = list(nearest_items_approximately(BEFORE, AFTER, SCHEDULE, 20, index))
        shares.append(recall(items(found), items(exact)))
        for t, nearest in enumerate(found):
            query, item = np.argwhere(nearest.items >= 0).T
            position = nearest.items[query, item]
            systems = [
                np.sum(a[query] / np.linalg.norm(a[query], axis=1, keepdims=True)
                       * b[position] / np.linalg.norm(b[position], axis=1, keepdims=True), axis=1)
                for a, b in (BEFORE, AFTER)
            ]  # fmt: skip
            expected = np.where(SCHEDULE.switches_at[position] <= t, systems[1], systems[0])
            np.testing.assert_allclose(nearest.similarity[query, item], expected, atol=1e-5)
        no_self = Relevance.from_labels(LABELS[:QUERIES], LABELS)
        curve = backfill_curve_at(20, BEFORE, AFTER, ORDER, no_self, 4, index=index)
        np.testing.assert_allclose(curve.recall, shares[-1])
    assert (shares[0] < shares[1]).all()
    assert (shares[1] < 1).all()


@pytest.mark.parametrize("index", ["Flat", "IVF99999,Flat", "nonsense"])
def test_an_impossible_index_is_named(index: str) -> None:
    with pytest.raises(InputError, match=f"index: expected .* got '{index}'"):
        backfill_curve_at(20, BEFORE, AFTER, ORDER, RELEVANCE, index=Index(index))


def test_recall_is_of_the_ranks_that_count() -> None:
    # Many ignored items of one query, each of which makes the search deeper, change no recall.
    index = Index("IVF16,Flat", 2, recall_queries=QUERIES)
    positives = [RELEVANCE.positives(query) for query in range(QUERIES)]
    none = [np.array([], np.int64)] * QUERIES
    some = [np.arange(300), *none[1:]]
    recalls = [
        backfill_curve_at(
            10, BEFORE, AFTER, ORDER, Relevance.from_lists(positives, ignored, SIZE), index=index
        ).recall
        for ignored in (none, some)
    ]
    np.testing.assert_allclose(recalls[0], recalls[1], atol=0.03)


@pytest.mark.parametrize("index", ["HNSW8_SQ8", "IVF8,PQ4x4fs"])
def test_quantised_indexes_are_searched(index: str) -> None:
    no_self = Relevance.from_labels(LABELS[:QUERIES], LABELS)
    curve = backfill_curve_at(10, BEFORE, AFTER, ORDER, no_self, index=Index(index, 16))
    assert curve.recall is not None
    assert (curve.recall > 0.2).all()


def test_short_vectors_have_a_direction() -> None:
    whole = backfill_curve_at(10, BEFORE, AFTER, ORDER, RELEVANCE)
    tiny = OLD * np.float32(1e-25)
    found = backfill_curve_at(10, (tiny[:QUERIES], tiny), AFTER, ORDER, RELEVANCE)
    np.testing.assert_allclose(found.average_precision, whole.average_precision, atol=1e-6)


@pytest.mark.parametrize("change", [{"effort": 0}, {"recall_queries": 0}])
def test_an_index_that_is_not_searched_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected an integer of at least 1, got 0"):
        Index("HNSW8", **change)


def test_a_side_with_few_items_is_searched_as_well() -> None:
    # The few backfilled items are nearer than all others. A search that the others fill up would
    # miss most of them.
    near = NEW + 30
    after = System(near[:QUERIES], near)
    schedule = Schedule.of(ORDER, np.array([0.05, 0.1, 0.95]), np.zeros(SIZE, bool))
    exact = list(nearest_items(BEFORE, after, schedule, 50))
    found = list(
        nearest_items_approximately(BEFORE, after, schedule, 50, Index("HNSW16", effort=60))
    )
    assert (recall(items(found), items(exact)) > 0.9).all()
