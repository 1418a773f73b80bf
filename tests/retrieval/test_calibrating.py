"""Calibrations: what a map is fitted on, that it rises, and what it does to a curve."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from backfill import params
from backfill.errors import InputError
from backfill.retrieval import MERGES, Calibration, Relevance, backfill_curve, calibrating
from backfill.retrieval.similarity import normalise

SIZE = 240
ALL = slice(0, SIZE)
CHOSEN = Calibration(background=100, seed=5)
Floats = NDArray[np.float64]


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


def fitted(merge: str, relevance: Relevance, present: NDArray[np.bool_] = PRESENT) -> Floats:
    """Each query's scores of similarities from -1 to 1, (Q, 21)."""
    scores = calibrating.fit(merge, (ROWS, ROWS), relevance, present, CHOSEN)
    return scores(ALL, np.tile(np.linspace(-1, 1, 21), (SIZE, 1)))


def pairs_of(half: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Similarities and matches that score a half in self-search: those inside the other half."""
    other = np.flatnonzero(calibrating.halves(SIZE, CHOSEN.seed) != half)
    apart = ~np.eye(len(other), dtype=bool)
    similarity = ROWS[other] @ ROWS[other].T
    match = LABELS[other][:, None] == LABELS[other]
    return similarity[apart], match[apart]


@pytest.mark.parametrize("merge", ["isotonic", "logistic"])
def test_no_query_is_scored_by_its_own_relevance(merge: str) -> None:
    """Turned-over relevance of one query moves the other half's map, and not that of its own."""
    positives = [SELF_SEARCH.positives(q) for q in range(SIZE)]
    half = calibrating.halves(SIZE, CHOSEN.seed)
    assert abs((half == 0).sum() - (half == 1).sum()) <= 1
    before = fitted(merge, Relevance.from_lists(positives, [[]] * SIZE, SIZE))
    positives[7] = np.setdiff1d(np.arange(SIZE), positives[7])
    after = fitted(merge, Relevance.from_lists(positives, [[]] * SIZE, SIZE))
    own = half == half[7]
    np.testing.assert_array_equal(before[own], after[own])
    assert (before[~own] != after[~own]).any()


@pytest.mark.parametrize("merge", ["isotonic", "logistic"])
def test_nor_by_its_label_in_the_gallery(merge: str) -> None:
    other = LABELS.copy()
    other[7] = (other[7] + 1) % 8
    before = fitted(merge, SELF_SEARCH)
    after = fitted(merge, Relevance.from_labels(other, other, ignore_self=True))
    half = calibrating.halves(SIZE, CHOSEN.seed)
    own = half == half[7]
    np.testing.assert_array_equal(before[own], after[own])
    assert (before[~own] != after[~own]).any()


@pytest.mark.parametrize("merge", calibrating.CALIBRATIONS)
def test_newcomers_are_not_fitted_on(merge: str) -> None:
    present = np.arange(SIZE) % 4 > 0
    kept = fitted(merge, SELF_SEARCH, present)
    ignored = [np.union1d([q], np.flatnonzero(~present)) for q in range(SIZE)]
    lists = Relevance.from_lists([SELF_SEARCH.positives(q) for q in range(SIZE)], ignored, SIZE)
    without = fitted(merge, lists, present)
    np.testing.assert_allclose(kept, without, atol=1e-12)
    assert np.abs(kept - fitted(merge, SELF_SEARCH)).max() > 1e-6


def test_isotonic_is_that_of_the_single_pairs() -> None:
    half = calibrating.halves(SIZE, CHOSEN.seed)
    grid = np.linspace(-0.5, 0.95, 50)
    scores = calibrating.fit("isotonic", (ROWS, ROWS), SELF_SEARCH, PRESENT, CHOSEN)
    ours = expit(scores(ALL, np.tile(grid, (SIZE, 1))))
    for scored in (0, 1):
        similarity, match = pairs_of(scored)
        model = IsotonicRegression(out_of_bounds="clip").fit(similarity, match)
        # Lines between the steps, not steps: near them on average, and right in the mean.
        wanted = model.predict(grid)
        assert np.abs(ours[half == scored][0] - wanted).mean() < 0.03
        assert (wanted[0], wanted[-1]) == pytest.approx((0, 1), abs=0.2)


def test_logistic_is_that_of_the_single_pairs() -> None:
    half = calibrating.halves(SIZE, CHOSEN.seed)
    ours = fitted("logistic", SELF_SEARCH)
    for scored in (0, 1):
        similarity, match = pairs_of(scored)
        model = LogisticRegression(tol=1e-8).fit(similarity[:, None], match)
        line = model.coef_[0, 0] * np.linspace(-1, 1, 21) + model.intercept_[0]
        np.testing.assert_allclose(ours[half == scored][0], line, rtol=0.01, atol=0.01)


def test_background_by_hand() -> None:
    """Query 0 is item 0, and ignores itself; its similarities to the rest are 0, 0.6, 0.8."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, 0.6]])
    relevance = Relevance.from_lists([[1]], [[0]], 4)
    pair, present = (rows[:1], rows), np.ones(4, bool)
    at = np.array([[0.5]])
    near = calibrating.fit("background_nearest", pair, relevance, present, Calibration(4, 0))
    mean = (0 + 0.6 + 0.8) / 3
    np.testing.assert_allclose(near(slice(0, 1), at), (0.5 - mean) / (0.8 - mean))
    deviation = np.sqrt(((0 - mean) ** 2 + (0.6 - mean) ** 2 + (0.8 - mean) ** 2) / 3)
    by_z = calibrating.fit("background_z_score", pair, relevance, present, Calibration(4, 0))
    np.testing.assert_allclose(by_z(slice(0, 1), at), (0.5 - mean) / deviation)


@pytest.mark.parametrize("merge", ["background_nearest", "background_z_score"])
def test_a_background_that_says_nothing_leaves_the_similarity(merge: str) -> None:
    rows = np.array([[1.0, 0.0], [1.0, 0.0]])
    for ignored, origin in (([], 1.0), ([0, 1], 0.0)):
        relevance = Relevance.from_lists([[1]], [ignored], 2)
        pair = rows[:1], rows
        scores = calibrating.fit(merge, pair, relevance, np.ones(2, bool), Calibration())
        np.testing.assert_allclose(scores(slice(0, 1), np.array([[0.25]])), 0.25 - origin)


@pytest.mark.parametrize("merge", calibrating.CALIBRATIONS)
def test_neighbouring_single_precision_numbers_stay_apart(merge: str) -> None:
    """A map that rises only now and then would let the gallery index rank what it joins."""
    scores = calibrating.fit(merge, (ROWS, ROWS), SELF_SEARCH, PRESENT, CHOSEN)
    for start in (-1.0, -0.3, 0.2, 0.7, 0.99):
        steps = np.float32(start) + np.arange(200, dtype=np.float32) * np.float32(2**-24)
        row = np.unique(steps)
        assert len(row) > 90
        assert (np.diff(scores(ALL, np.tile(row, (SIZE, 1))), axis=1) > 0).all()


@pytest.mark.parametrize("merge", MERGES)
def test_starts_at_the_old_system_and_ends_at_the_new(merge: str) -> None:
    old, _ = clusters(2.0, 16, seed=2, dtype=np.float32)
    new, _ = clusters(1.0, 24, seed=3, dtype=np.float32)
    order = np.random.default_rng(4).permutation(SIZE)

    def curve(before: NDArray, after: NDArray, merge: str) -> Floats:
        return backfill_curve(
            (before, before), (after, after), order, SELF_SEARCH, 3, merge=merge, calibration=CHOSEN
        ).average_precision

    merged = curve(old, new, merge)
    np.testing.assert_allclose(merged[:, 0], curve(old, old, "distance")[:, 0], atol=1e-12)
    np.testing.assert_allclose(merged[:, -1], curve(new, new, "distance")[:, -1], atol=1e-12)


@pytest.mark.parametrize("merge", ["background_z_score", "background_nearest", "isotonic"])
def test_squeezed_distances_are_no_upgrade(merge: str) -> None:
    """A constant dimension pushes all similarities up: one order, but no common scale."""
    squeezed = np.column_stack([ROWS, np.full(SIZE, 2.0)])
    order = np.random.default_rng(6).permutation(SIZE)

    def quality(merge: str) -> Floats:
        systems = (ROWS, ROWS), (squeezed, squeezed)
        return backfill_curve(
            *systems, order, SELF_SEARCH, merge=merge, calibration=CHOSEN
        ).mean_average_precision

    assert quality("distance").min() < quality("distance")[0] - 0.1
    # Bins of similarity are wider to the eye of the squeezed system: isotonic is not exact.
    tolerance = 0.02 if merge == "isotonic" else 1e-9
    np.testing.assert_allclose(quality(merge), quality(merge)[0], atol=tolerance)


def test_labels_are_needed_in_both_halves() -> None:
    rows = np.eye(4)
    one_query = Relevance.from_lists([[0]] + [[]] * 3, [[]] * 4, 4)
    with pytest.raises(InputError, match=r"isotonic expected positive and negative .* no positive"):
        backfill_curve((rows, rows), (rows, rows), range(4), one_query, merge="isotonic")
    everything = Relevance.from_lists([np.arange(4)] * 4, [[]] * 4, 4)
    with pytest.raises(InputError, match=r"logistic expected .* no negative"):
        backfill_curve((rows, rows), (rows, rows), range(4), everything, merge="logistic")


def test_params_name_the_merges_there_are() -> None:
    assert params.Merge.__args__ == MERGES
