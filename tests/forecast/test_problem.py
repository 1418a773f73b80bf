"""What a forecast starts from."""

import numpy as np
import pytest
from worlds import upgrade, world

from backfill.errors import InputError
from backfill.forecast.problem import problem_of
from backfill.forecast.settings import Settings
from backfill.forecast.simulated import search
from backfill.judgements import Judgements

WORLD = world(items=400, queries=30)
SAMPLE = np.sort(np.random.default_rng(0).permutation(400)[:120])
NOBODY = np.empty(0, np.int64)
WITHOUT_QUERIES = {"queries_old": None, "queries_new": None, "query_ids": ()}


def test_known_items_are_the_sample() -> None:
    found = problem_of(upgrade(WORLD, SAMPLE), NOBODY, Settings())
    assert found.size == 400
    np.testing.assert_array_equal(found.rows, SAMPLE)
    assert found.random.all()
    np.testing.assert_allclose(found.known_new, WORLD.new[SAMPLE], atol=1e-6)
    np.testing.assert_allclose(found.known_old, WORLD.old[SAMPLE], atol=1e-6)


def test_of_many_queries_some_are_drawn_with_all_that_is_theirs() -> None:
    judgements = Judgements.from_labels(WORLD.query_labels, WORLD.labels)
    weights = np.arange(30, dtype=np.float64)
    given = upgrade(WORLD, SAMPLE, judgements=judgements, weights=weights)
    found = problem_of(given, NOBODY, Settings(queries=10))
    assert len(set(found.queries)) == 10
    np.testing.assert_allclose(found.queries_old, WORLD.queries_old[found.queries], atol=1e-6)
    np.testing.assert_allclose(found.queries_new, WORLD.queries_new[found.queries], atol=1e-6)
    assert found.weights is not None
    assert found.weights.tolist() == weights[found.queries].tolist()
    assert found.judgements is not None
    for place, query in enumerate(found.queries):
        items, _ = found.judgements.relevant(place)
        assert set(WORLD.labels[items]) <= {WORLD.query_labels[query]}


def test_items_that_were_asked_for_are_known_but_not_drawn() -> None:
    found = problem_of(upgrade(WORLD, SAMPLE), SAMPLE[:30], Settings())
    assert found.random.sum() == 90
    assert not found.random[:30].any()


def test_stand_ins_for_queries_leave_the_gallery() -> None:
    given = upgrade(WORLD, SAMPLE, labels=WORLD.labels, **WITHOUT_QUERIES)
    found = problem_of(given, SAMPLE[:30], Settings(maps=("ridge",)))
    assert len(found.stand_ins) == 22  # a quarter of 90
    assert set(found.stand_ins) <= set(SAMPLE[30:])
    assert not set(found.stand_ins) & set(found.rows)
    np.testing.assert_allclose(found.queries_new, WORLD.new[found.stand_ins], atol=1e-6)
    candidates = search(found, Settings(maps=("ridge",))).candidates
    assert not np.isin(candidates.items, found.stand_ins).any()
    assert (candidates.scores[:, candidates.items < 0] == -np.inf).all()


def test_labels_of_stand_ins_judge_what_is_left() -> None:
    given = upgrade(WORLD, SAMPLE, labels=WORLD.labels, **WITHOUT_QUERIES)
    found = problem_of(given, NOBODY, Settings())
    assert found.judgements is not None
    for place, row in enumerate(found.stand_ins):
        items, _ = found.judgements.relevant(place)
        wanted = np.flatnonzero(WORLD.labels == WORLD.labels[row])
        assert items.tolist() == np.setdiff1d(wanted, found.stand_ins).tolist()


def test_without_labels_nobody_judges_stand_ins() -> None:
    found = problem_of(upgrade(WORLD, SAMPLE, **WITHOUT_QUERIES), NOBODY, Settings())
    assert found.judgements is None


def test_pairs_from_elsewhere_come_with_unit_length() -> None:
    pairs = {"pairs_old": 3 * WORLD.old[:40], "pairs_new": 2 * WORLD.new[:40]}
    found = problem_of(upgrade(WORLD, SAMPLE, **pairs), NOBODY, Settings())
    assert found.foreign is not None
    np.testing.assert_allclose(found.foreign[0], WORLD.old[:40], atol=1e-6)
    np.testing.assert_allclose(found.foreign[1], WORLD.new[:40], atol=1e-6)


@pytest.mark.parametrize(("drawn", "asked"), [(19, 0), (30, 11)])
def test_too_small_a_sample_is_one_error(drawn: int, asked: int) -> None:
    with pytest.raises(InputError, match=r"sample: expected at least 20 items .* got 19"):
        problem_of(upgrade(WORLD, SAMPLE[:drawn]), SAMPLE[:asked], Settings())
