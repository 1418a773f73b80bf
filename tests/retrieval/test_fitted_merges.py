"""Fitted merges: what a map is fitted on, that it rises, and what it does to a curve."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from backfill.arrays import Bools, Float64s, System
from backfill.errors import InputError
from backfill.retrieval import Calibration, Relevance, backfill_curve, merge
from backfill.retrieval.merge.base import Backfill
from backfill.retrieval.merge.cross_fitting import halves
from backfill.retrieval.merge.maps import Map, MapScorer
from backfill.retrieval.similarity import normalise

SIZE = 240
ALL = slice(0, SIZE)
CHOSEN = Calibration(background=100, seed=5)
LABELLED = ["isotonic", "logistic"]
BACKGROUND = ["background_z_score", "background_nearest"]


def clusters(
    noise: float, dimensions: int, seed: int, dtype: type[np.floating] = np.float64
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Unit rows in 8 clusters, and the cluster of each."""
    labels = np.random.default_rng(0).integers(0, 8, SIZE)
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((8, dimensions))
    rows = centres[labels] + noise * rng.standard_normal((SIZE, dimensions))
    return normalise(rows, np.dtype(dtype)), labels


ROWS, LABELS = clusters(noise=1.2, dimensions=12, seed=1)
SELF_SEARCH = Relevance.from_labels(LABELS, LABELS, ignore_self=True)
PRESENT = np.ones(SIZE, bool)


def map_of(
    name: str,
    system: System,
    relevance: Relevance,
    present: Bools = PRESENT,
    chosen: Calibration = CHOSEN,
) -> Map:
    """The map of a system, in a backfill from it to itself."""
    order, fraction = np.arange(len(system.gallery)), np.array([0.0, 1.0])
    backfill = Backfill(system, system, relevance, order, fraction, ~present, chosen)
    scorer = merge.MERGES[name](backfill)
    assert isinstance(scorer, MapScorer)
    return scorer.maps[0]


def fitted(name: str, relevance: Relevance, present: Bools = PRESENT) -> Float64s:
    """Each query's scores of similarities from -1 to 1, (Q, 21)."""
    scores = map_of(name, System(ROWS, ROWS), relevance, present)
    return scores(ALL, np.tile(np.linspace(-1, 1, 21), (SIZE, 1)))


def pairs_of(half: int) -> tuple[Float64s, Bools]:
    """Similarities and matches that score a half in self-search: those within the other half."""
    other = np.flatnonzero(halves(SIZE, CHOSEN.seed) != half)
    apart = ~np.eye(len(other), dtype=bool)
    similarity = ROWS[other] @ ROWS[other].T
    match = LABELS[other][:, None] == LABELS[other]
    return similarity[apart], match[apart]


@pytest.mark.parametrize("name", LABELLED)
def test_no_query_is_scored_by_its_own_relevance(name: str) -> None:
    """Inverting the relevance of one query changes the map of the other half, not of its own."""
    positives = [SELF_SEARCH.positives(q) for q in range(SIZE)]
    half = halves(SIZE, CHOSEN.seed)
    assert abs((half == 0).sum() - (half == 1).sum()) <= 1
    before = fitted(name, Relevance.from_lists(positives, [[]] * SIZE, SIZE))
    positives[7] = np.setdiff1d(np.arange(SIZE), positives[7])
    after = fitted(name, Relevance.from_lists(positives, [[]] * SIZE, SIZE))
    own = half == half[7]
    np.testing.assert_array_equal(before[own], after[own])
    assert (before[~own] != after[~own]).any()


@pytest.mark.parametrize("name", LABELLED)
def test_nor_by_its_label_in_the_gallery(name: str) -> None:
    other = LABELS.copy()
    other[7] = (other[7] + 1) % 8
    before = fitted(name, SELF_SEARCH)
    after = fitted(name, Relevance.from_labels(other, other, ignore_self=True))
    half = halves(SIZE, CHOSEN.seed)
    own = half == half[7]
    np.testing.assert_array_equal(before[own], after[own])
    assert (before[~own] != after[~own]).any()


@pytest.mark.parametrize("name", LABELLED)
def test_arrivals_are_not_fitted_on(name: str) -> None:
    present = np.arange(SIZE) % 4 > 0
    kept = fitted(name, SELF_SEARCH, present)
    ignored = [np.union1d([q], np.flatnonzero(~present)) for q in range(SIZE)]
    lists = Relevance.from_lists([SELF_SEARCH.positives(q) for q in range(SIZE)], ignored, SIZE)
    without = fitted(name, lists, present)
    np.testing.assert_allclose(kept, without, atol=1e-12)
    assert np.abs(kept - fitted(name, SELF_SEARCH)).max() > 1e-6


def test_isotonic_is_that_of_the_single_pairs() -> None:
    half = halves(SIZE, CHOSEN.seed)
    grid = np.linspace(-0.5, 0.95, 50)
    scores = map_of("isotonic", System(ROWS, ROWS), SELF_SEARCH)
    ours = expit(scores(ALL, np.tile(grid, (SIZE, 1))))
    for scored in (0, 1):
        similarity, match = pairs_of(scored)
        model = IsotonicRegression(out_of_bounds="clip").fit(similarity, match)
        # Lines between the steps are not steps: they are near them on average.
        wanted = model.predict(grid)
        assert np.abs(ours[half == scored][0] - wanted).mean() < 0.03
        assert (wanted[0], wanted[-1]) == pytest.approx((0, 1), abs=0.2)


def test_logistic_is_that_of_the_single_pairs() -> None:
    half = halves(SIZE, CHOSEN.seed)
    ours = fitted("logistic", SELF_SEARCH)
    for scored in (0, 1):
        similarity, match = pairs_of(scored)
        model = LogisticRegression(tol=1e-8).fit(similarity[:, None], match)
        line = model.coef_[0, 0] * np.linspace(-1, 1, 21) + model.intercept_[0]
        np.testing.assert_allclose(ours[half == scored][0], line, rtol=0.01, atol=0.01)


@pytest.mark.parametrize("name", [*LABELLED, *BACKGROUND])
def test_neighbouring_single_precision_numbers_stay_apart(name: str) -> None:
    """Where a map is flat, the gallery index would rank items."""
    chosen = Calibration(100, 5, given=(ROWS, ROWS))
    scores = map_of(name, System(ROWS, ROWS), SELF_SEARCH, chosen=chosen)
    for start in (-1.0, -0.3, 0.2, 0.7, 0.99):
        steps = np.float32(start) + np.arange(200, dtype=np.float32) * np.float32(2**-24)
        row = np.unique(steps)
        assert len(row) > 90
        assert (np.diff(scores(ALL, np.tile(row, (SIZE, 1))), axis=1) > 0).all()


@pytest.mark.parametrize("name", ["background_z_score", "background_nearest", "isotonic"])
def test_squeezed_distances_are_not_an_upgrade(name: str) -> None:
    """A constant dimension raises all similarities: the order stays, the scale does not."""
    squeezed = np.column_stack([ROWS, np.full(SIZE, 2.0)])
    order = np.random.default_rng(6).permutation(SIZE)

    def quality(name: str) -> Float64s:
        systems = (ROWS, ROWS), (squeezed, squeezed)
        return backfill_curve(
            *systems, order, SELF_SEARCH, merge=name, calibration=CHOSEN
        ).mean_average_precision

    assert quality("distance").min() < quality("distance")[0] - 0.1
    # The squeezed system fills fewer bins of similarity, so isotonic regression is not exact.
    tolerance = 0.02 if name == "isotonic" else 1e-9
    np.testing.assert_allclose(quality(name), quality(name)[0], atol=tolerance)


def test_labels_are_needed_in_both_halves() -> None:
    rows = np.eye(4)
    one_query = Relevance.from_lists([[0]] + [[]] * 3, [[]] * 4, 4)
    with pytest.raises(
        InputError, match=r"positive and negative pairs .* isotonic, got no positive"
    ):
        backfill_curve((rows, rows), (rows, rows), range(4), one_query, merge="isotonic")
    everything = Relevance.from_lists([np.arange(4)] * 4, [[]] * 4, 4)
    with pytest.raises(
        InputError, match=r"positive and negative pairs .* logistic, got no negative"
    ):
        backfill_curve((rows, rows), (rows, rows), range(4), everything, merge="logistic")
