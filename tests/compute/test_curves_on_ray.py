"""A cluster computes the same curves as one process, even if a worker dies."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from backfill.compute.engine import even_chunks
from backfill.compute.on_ray import OnRay
from backfill.errors import InputError
from backfill.retrieval import MERGES, BackfillCurve, Relevance, backfill_curve, backfill_curve_at

from .conftest import ON_RAY

pytestmark = ON_RAY

QUERIES, SIZE = 300, 1200
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 40, SIZE)
ORDER = RNG.permutation(SIZE)
RELEVANCE = Relevance.from_labels(LABELS[:QUERIES], LABELS, True, np.arange(QUERIES))


def embeddings(dimensions: int, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((40, dimensions))[LABELS]
    return np.asarray(rows + 2.5 * rng.standard_normal(rows.shape), np.float32)


OLD, NEW = embeddings(24, 1), embeddings(32, 2)
BEFORE, AFTER = (OLD[:QUERIES], OLD), (NEW[:QUERIES], NEW)


def assert_same(found: BackfillCurve, expected: BackfillCurve) -> None:
    np.testing.assert_allclose(found.average_precision, expected.average_precision, atol=1e-6)
    for k, hits in expected.hits.items():
        np.testing.assert_array_equal(found.hits[k], hits)


@pytest.mark.parametrize("merge", MERGES)
def test_the_same_curve(engine: OnRay, merge: str) -> None:
    chosen = {"checkpoints": 6, "merge": merge, "arriving": LABELS % 7 == 0}
    expected = backfill_curve(BEFORE, AFTER, ORDER, RELEVANCE, **chosen)
    found = backfill_curve(BEFORE, AFTER, ORDER, RELEVANCE, **chosen, engine=engine)
    assert_same(found, expected)


@pytest.fixture
def on_disk(tmp_path: Path) -> list[NDArray[np.float32]]:
    """The galleries as slices of mapped files: only the file name and the offset travel."""
    mapped = []
    for name, rows in (("old", OLD), ("new", NEW)):
        path = tmp_path / f"{name}.npy"
        np.save(path, np.stack([np.full_like(rows, np.nan), rows]))
        mapped.append(np.load(path, mmap_mode="r")[1])
    return mapped


def test_galleries_on_disk(engine: OnRay, on_disk: list[NDArray[np.float32]]) -> None:
    before, after = (OLD[:QUERIES], on_disk[0]), (NEW[:QUERIES], on_disk[1])
    expected = backfill_curve(BEFORE, AFTER, ORDER, RELEVANCE, map_at=20)
    found = backfill_curve_at(20, before, after, ORDER, RELEVANCE, block_rows=100, engine=engine)
    assert_same(found, expected)


def test_other_mapped_arrays_travel_whole(engine: OnRay, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", NEW)
    changed = np.load(tmp_path / "rows.npy", mmap_mode="c")
    changed *= -1
    for array in (changed, np.load(tmp_path / "rows.npy", mmap_mode="r")[:, ::2]):
        (twice,) = engine.map(lambda rows, factor: factor * rows, array, [2], title="copies")
        np.testing.assert_array_equal(twice, 2 * array)


@pytest.mark.parametrize("from_disk", [False, True])
def test_a_worker_that_dies_changes_nothing(
    engine: OnRay,
    kill_one: Callable[[str], list[int]],
    on_disk: list[NDArray[np.float32]],
    from_disk: bool,
) -> None:
    if from_disk:
        # Blocks of one row keep the workers busy.
        killed = kill_one("_searched")
        found = backfill_curve_at(
            20, (OLD[:QUERIES], on_disk[0]), (NEW[:QUERIES], on_disk[1]),
            ORDER, RELEVANCE, block_rows=1, engine=engine,
        )  # fmt: skip
    else:
        killed = kill_one("ranks")
        found = backfill_curve(
            BEFORE, AFTER, ORDER, RELEVANCE, merge="reciprocal_rank", map_at=20,
            checkpoints=101, engine=engine,
        )  # fmt: skip
    assert killed
    expected = (
        backfill_curve(BEFORE, AFTER, ORDER, RELEVANCE, map_at=20)
        if from_disk
        else backfill_curve(
            BEFORE, AFTER, ORDER, RELEVANCE, merge="reciprocal_rank", map_at=20, checkpoints=101
        )
    )
    assert_same(found, expected)


def test_a_mistake_in_the_input_is_the_same_error(engine: OnRay) -> None:
    damaged = OLD.copy()
    damaged[700] = np.nan
    with pytest.raises(InputError, match="at row 700"):
        backfill_curve_at(10, (OLD[:QUERIES], damaged), AFTER, ORDER, RELEVANCE, engine=engine)


def test_a_cluster_that_does_not_answer_is_named() -> None:
    # In a process of its own: this one is connected to its cluster.
    code = (
        "from backfill.compute import start; from backfill.params import Compute\n"
        "with start(Compute(engine='ray', address='127.0.0.1:1')): pass"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "compute.address: expected a running Ray cluster at '127.0.0.1:1', got: " in done.stderr


@pytest.mark.parametrize(("count", "chunks", "multiple"), [(10, 3, 1), (101, 8, 10), (3, 8, 5)])
def test_chunks_are_multiples_and_cover_everything(count: int, chunks: int, multiple: int) -> None:
    slices = even_chunks(count, chunks, multiple)
    assert len(slices) <= chunks
    assert all(chunk.start % multiple == 0 for chunk in slices)
    assert np.array_equal(
        np.concatenate([np.arange(count)[chunk] for chunk in slices]), np.arange(count)
    )
