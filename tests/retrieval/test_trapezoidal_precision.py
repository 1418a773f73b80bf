"""Average precision as Revisited Oxford and Paris have it, against one computed item by item."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from backfill.errors import InputError
from backfill.results import SIDES, BackfillCurve, Histogram, MethodResult
from backfill.retrieval import Relevance, backfill_curve

SIZE, QUERIES = 50, 12
RNG = np.random.default_rng(0)
OLD, NEW = RNG.standard_normal((SIZE, 6)), RNG.standard_normal((SIZE, 8))
ASKED = RNG.standard_normal((QUERIES, 6)), RNG.standard_normal((QUERIES, 8))
POSITIVES = [np.flatnonzero(RNG.random(SIZE) < 0.3) for _ in range(QUERIES)]
JUNK = [np.setdiff1d(np.flatnonzero(RNG.random(SIZE) < 0.2), own) for own in POSITIVES]
RELEVANCE = Relevance.from_lists(POSITIVES, JUNK, SIZE)
ORDER = RNG.permutation(SIZE)


def area(ranked: list[int], positives: set[int], junk: set[int]) -> float:
    """The area under precision over recall, from (0, 1) on, by trapezoids between all items.

    Junk is taken out of the ranking first.
    """
    recall, precision = [0.0], [1.0]
    found = 0
    for rank, item in enumerate((item for item in ranked if item not in junk), start=1):
        found += item in positives
        recall.append(found / len(positives))
        precision.append(found / rank)
    return float(np.trapezoid(precision, recall))


def unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("checkpoints", [2, 5, "all"])
def test_it_is_the_area_under_precision_over_recall_without_junk(checkpoints: int | str) -> None:
    curve = backfill_curve(
        (ASKED[0], OLD), (ASKED[1], NEW), ORDER, RELEVANCE, checkpoints, trapezoidal=True
    )
    for t, fraction in enumerate(curve.fraction):
        moved = np.isin(np.arange(SIZE), ORDER[: round(fraction * SIZE)])
        for query in range(QUERIES):
            near, new = (unit(q)[query] @ unit(g).T for q, g in zip(ASKED, (OLD, NEW), strict=True))
            ranked = np.argsort(-np.where(moved, new, near)).tolist()
            wanted = area(ranked, set(POSITIVES[query].tolist()), set(JUNK[query].tolist()))
            assert curve.average_precision[query, t] == pytest.approx(wanted, abs=1e-12)


def test_it_lies_below_the_plain_one_and_is_1_for_a_perfect_ranking() -> None:
    plain = backfill_curve((ASKED[0], OLD), (ASKED[0], OLD), ORDER, RELEVANCE, 2)
    official = backfill_curve(
        (ASKED[0], OLD), (ASKED[0], OLD), ORDER, RELEVANCE, 2, trapezoidal=True
    )
    assert (official.average_precision < plain.average_precision).all()
    gallery = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    perfect = Relevance.from_lists([[0, 1]], [[]], 3)
    systems = (gallery[:1], gallery), (gallery[:1], gallery)
    curve = backfill_curve(*systems, range(3), perfect, 2, top_k=(1,), trapezoidal=True)
    np.testing.assert_allclose(curve.average_precision, 1)


def test_it_has_no_cut() -> None:
    with pytest.raises(InputError, match=r"map_at: expected none .* trapezoidal, got 10"):
        backfill_curve(
            (ASKED[0], OLD), (ASKED[1], NEW), ORDER, RELEVANCE, map_at=10, trapezoidal=True
        )


def test_it_is_stored_beside_the_other(tmp_path: Path) -> None:
    precision = np.array([[0.5, 0.75], [0.25, 1.0], [np.nan, np.nan]])
    hits = {1: np.ones((3, 2), bool)}
    curve = BackfillCurve(np.array([0.0, 1.0]), precision, hits, trapezoidal=precision / 2)
    counts = np.ones(2, np.int64)
    histogram = Histogram(np.array([0.0, 2.0, 4.0]), counts, counts)
    MethodResult("some", (curve, curve), dict.fromkeys(SIDES, histogram)).save(tmp_path)
    for found in MethodResult.load(tmp_path).curves:
        assert found.mean_trapezoidal is not None
        np.testing.assert_allclose(found.mean_trapezoidal, [0.1875, 0.4375])
