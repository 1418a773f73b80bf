"""Merges against a background: what is in it, and what a score is."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from backfill.arrays import Bools, Float64s, System
from backfill.errors import InputError
from backfill.retrieval import Calibration, Relevance, backfill_curve, merge
from backfill.retrieval.merge.background import drawn
from backfill.retrieval.merge.base import Backfill
from backfill.retrieval.similarity import normalise

BACKGROUND = ["background_z_score", "background_nearest"]
SIZE, QUERIES = 60, 8
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 6, SIZE)
OLD, NEW = RNG.standard_normal((SIZE, 5)), RNG.standard_normal((SIZE, 9))
ORDER = RNG.permutation(SIZE)
RELEVANCE = Relevance.from_labels(LABELS[:QUERIES], LABELS, True, np.arange(QUERIES))
NONE = np.zeros(SIZE, bool)
CHOSEN = Calibration(20, 5)
FRACTION = np.linspace(0, 1, 4)


def scores_of(
    name: str,
    new: NDArray[np.float64] = NEW,
    arriving: Bools = NONE,
    chosen: Calibration = CHOSEN,
) -> Iterator[Float64s]:
    """At each checkpoint, every item's score for each query, (Q, N); NaN for absent items."""
    before, after = (
        System(unit[:QUERIES], unit)
        for unit in (normalise(rows, np.dtype(np.float64)) for rows in (OLD, new))
    )
    backfill = Backfill(before, after, RELEVANCE, ORDER, FRACTION, arriving, chosen)
    for _, checkpoints, schedule, values, columns in merge.MERGES[name](backfill)(
        slice(0, QUERIES)
    ):
        for wave in range(len(FRACTION[checkpoints])):
            switched = schedule.switches_at[schedule.order] <= wave
            found = np.full((QUERIES, SIZE), np.nan)
            found[:, schedule.order] = values[:, np.where(switched, columns[1], columns[0])]
            found[:, arriving & (schedule.switches_at > wave)] = np.nan
            yield found


def measured(name: str, similarity: Float64s) -> tuple[float, float]:
    """What scores 0, and how far from it 1 is, as the merges define it."""
    if name == "background_z_score":
        return float(similarity.mean()), float(similarity.std())
    nearest = np.sort(similarity)[-max(1, round(len(similarity) / 20)) :]
    return float(similarity.mean()), float(nearest.mean() - similarity.mean())


@pytest.mark.parametrize("name", BACKGROUND)
@pytest.mark.parametrize("arriving", [NONE, np.arange(SIZE) % 3 == 0])
def test_scores_are_those_against_backfilled_items(name: str, arriving: Bools) -> None:
    """Query by query; a query ignores itself, and arrivals have no old embedding."""
    systems = [normalise(rows, np.dtype(np.float64)) for rows in (OLD, NEW)]
    own = ORDER[~arriving[ORDER]]
    for fraction, found in zip(FRACTION, scores_of(name, arriving=arriving), strict=True):
        moved = set(own[: round(fraction * len(own))].tolist())
        kept = [i for i in drawn(np.flatnonzero(~arriving), 5).tolist() if i in moved][:20]
        for query in range(QUERIES):
            sample = [item for item in kept if item != query]
            maps = [
                measured(name, unit[sample] @ unit[query]) if len(sample) > 1 else (0, 1)
                for unit in systems
            ]
            for item in np.flatnonzero(~np.isnan(found[query])):
                side = int(item in moved or arriving[item])
                zero, one = maps[side]
                wanted = (systems[side][item] @ systems[side][query] - zero) / one
                assert found[query, item] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("name", BACKGROUND)
@pytest.mark.parametrize("arriving", [NONE, np.arange(SIZE) % 3 == 0])
def test_new_embeddings_of_waiting_items_are_never_looked_at(name: str, arriving: Bools) -> None:
    """As there are none yet: with others in their place, every score stays as it is."""
    for at, found in enumerate(scores_of(name, arriving=arriving)):
        own = ORDER[~arriving[ORDER]]
        come = ORDER[arriving[ORDER]]
        seen = [
            *own[: round(FRACTION[at] * len(own))],
            *come[: round(FRACTION[at] * len(come))],
            *range(QUERIES),  # whose embeddings are the queries' as well
        ]
        other = NEW + 10 * np.random.default_rng(1).standard_normal(NEW.shape)
        other[seen] = NEW[seen]
        again = list(scores_of(name, new=other, arriving=arriving))[at]
        np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("name", BACKGROUND)
def test_a_given_background_is_drawn_from(name: str) -> None:
    rng = np.random.default_rng(2)
    given = rng.standard_normal((50, 5)), rng.standard_normal((50, 9))
    sample = drawn(np.arange(50), 5)[:20]
    units = [normalise(rows[sample], np.dtype(np.float64)) for rows in given]
    systems = [normalise(rows, np.dtype(np.float64)) for rows in (OLD, NEW)]
    chosen = Calibration(20, 5, given)
    for fraction, found in zip(FRACTION, scores_of(name, chosen=chosen), strict=True):
        moved = ORDER[: round(fraction * SIZE)].tolist()
        for item in range(SIZE):
            rows, background = ((systems[int(item in moved)]), units[int(item in moved)])
            zero, one = measured(name, background @ rows[0])
            assert found[0, item] == pytest.approx((rows[item] @ rows[0] - zero) / one, abs=1e-9)


def test_by_hand() -> None:
    """Query 0 is item 0, and ignores itself; its similarities to the rest are 0, 0.6, 0.8."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, 0.6]])
    system, relevance = System(rows[:1], rows), Relevance.from_lists([[1]], [[0]], 4)
    backfill = Backfill(
        system, system, relevance, np.arange(4), np.ones(1), np.zeros(4, bool), Calibration(4, 0)
    )
    ((_, _, _, by_nearest, _),) = merge.MERGES["background_nearest"](backfill)(slice(0, 1))
    ((_, _, _, by_z, _),) = merge.MERGES["background_z_score"](backfill)(slice(0, 1))
    mean = (0 + 0.6 + 0.8) / 3
    similarity = np.array([1.0, 0, 0.6, 0.8])
    np.testing.assert_allclose(by_nearest[0], (similarity - mean) / (0.8 - mean))
    deviation = np.sqrt(((0 - mean) ** 2 + (0.6 - mean) ** 2 + (0.8 - mean) ** 2) / 3)
    np.testing.assert_allclose(by_z[0], (similarity - mean) / deviation)


@pytest.mark.parametrize("name", BACKGROUND)
@pytest.mark.parametrize("items", [1, 2])
def test_a_background_that_says_nothing_leaves_distances(name: str, items: int) -> None:
    """One item, or two at the same distance, have no spread: similarities are shifted at most."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.6, 0.8]])
    system, relevance = System(rows[:1], rows), Relevance.from_lists([[3]], [[0]], 4)
    backfill = Backfill(
        system, system, relevance, np.array([1, 2, 3, 0]), np.array([items / 4]), NONE[:4]
    )
    ((_, _, _, values, _),) = merge.MERGES[name](backfill)(slice(0, 1))
    np.testing.assert_allclose(values[0], [1.0, 0.0, 0.0, 0.6], atol=1e-12)


def test_what_is_wrong_with_a_given_background_is_named() -> None:
    def curve(*given: NDArray[np.float64]) -> None:
        systems = (OLD[:QUERIES], OLD), (NEW[:QUERIES], NEW)
        chosen = Calibration(given=(given[0], given[1]))
        backfill_curve(*systems, ORDER, RELEVANCE, merge="background_nearest", calibration=chosen)

    with pytest.raises(InputError, match=r"given\[1\]: expected 9 dimensions .* got 5"):
        curve(OLD, OLD)
    with pytest.raises(InputError, match=r"given\[1\]: expected 60 rows as in .*\[0\], got 7"):
        curve(OLD, NEW[:7])
