"""Every merge is one module, and what holds for all of them."""

import pickle
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from backfill.arrays import System
from backfill.params.rows import merges as rows
from backfill.registry import Registry
from backfill.retrieval import MERGES, Calibration, Relevance, backfill_curve, merge
from backfill.retrieval.merge.base import Backfill
from backfill.retrieval.similarity import unit_systems

SIZE = 240
LABELS = np.random.default_rng(0).integers(0, 8, SIZE)
SELF_SEARCH = Relevance.from_labels(LABELS, LABELS, ignore_self=True)
ORDER = np.random.default_rng(4).permutation(SIZE)


def embeddings(noise: float, dimensions: int, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((8, dimensions))[LABELS]
    return np.asarray(rows + noise * rng.standard_normal(rows.shape), np.float32)


OLD, NEW = embeddings(2.0, 16, seed=2), embeddings(1.0, 24, seed=3)


def test_merges_are_what_is_registered() -> None:
    assert tuple(merge.MERGES) == MERGES
    for name, implementation in merge.MERGES.items():
        assert implementation.__module__ == f"{merge.__name__}.{name}"
        assert implementation.__name__ == name


def test_merges_are_what_a_method_may_name() -> None:
    kinds = [
        kind
        for row in get_args(get_args(rows.Merge)[0])
        for kind in get_args(row.model_fields["kind"].annotation)
    ]
    assert sorted(kinds) == list(MERGES)


def test_a_new_file_is_a_new_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reverse.py").write_text(
        "from backfill.retrieval.merge import MERGES\n"
        "MERGES.register('reverse')(lambda backfill: None)\n"
    )
    registry = Registry(merge.__name__)
    monkeypatch.setattr(merge, "MERGES", registry)
    monkeypatch.setattr(merge, "__path__", [str(tmp_path)])
    monkeypatch.setitem(sys.modules, f"{merge.__name__}.reverse", None)
    del sys.modules[f"{merge.__name__}.reverse"]
    assert list(registry) == ["reverse"]


@pytest.mark.parametrize("name", MERGES)
def test_starts_at_the_old_system_and_ends_at_the_new(name: str) -> None:
    def curve(before: NDArray, after: NDArray, name: str) -> NDArray[np.float64]:
        return backfill_curve(
            (before, before),
            (after, after),
            ORDER,
            SELF_SEARCH,
            3,
            merge=name,
            calibration=Calibration(background=100, seed=5),
        ).average_precision

    merged = curve(OLD, NEW, name)
    np.testing.assert_allclose(merged[:, 0], curve(OLD, OLD, "distance")[:, 0], atol=1e-12)
    np.testing.assert_allclose(merged[:, -1], curve(NEW, NEW, "distance")[:, -1], atol=1e-12)


@pytest.mark.parametrize("name", MERGES)
def test_a_scorer_covers_every_checkpoint_of_every_query(name: str) -> None:
    """Also after it was sent to another process."""
    fraction = np.linspace(0, 1, 4)
    systems = unit_systems(System(OLD, OLD), System(NEW, NEW))
    backfill = Backfill(*systems, SELF_SEARCH, ORDER, fraction, LABELS == 2)
    scorer = pickle.loads(pickle.dumps(merge.MERGES[name](backfill)))
    covered = np.zeros((SIZE, len(fraction)), int)
    for queries, checkpoints, schedule, values, columns in scorer(slice(20, 90)):
        covered[queries, checkpoints] += 1
        assert len(values) == queries.stop - queries.start
        assert columns.max() < values.shape[1]
        assert len(schedule.edges) - 2 == covered[queries, checkpoints].shape[1]
    np.testing.assert_array_equal(covered[20:90], 1)
    assert not covered[:20].any()
    assert not covered[90:].any()
