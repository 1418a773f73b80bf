"""Completed new cosines, from pairs that are drawn from a known model."""

import numpy as np
import pytest
from worlds import world

from backfill.arrays import Float32s
from backfill.forecast.candidates import find
from backfill.forecast.channels import Channel
from backfill.forecast.completion import Completion
from backfill.forecast.curves import Completer
from backfill.forecast.donors import donors
from backfill.forecast.known import Known
from backfill.forecast.orders import position_of, random

QUERIES, KNOWN, COLUMNS = 60, 1500, 50
SLOPE, SPREAD = 0.7, 0.5
RNG = np.random.default_rng(0)


def new_of(channel: np.ndarray) -> Float32s:
    """Standard scores in a new space that is correlated with the channel."""
    drawn = SLOPE * channel + SPREAD * RNG.normal(size=channel.shape)
    return np.asarray(drawn, np.float32)


@pytest.fixture(scope="module")
def drawn() -> tuple[Float32s, Float32s]:
    """(Q, M) scores of the nearest of 2,000 items, and (20, Q, M) completions of them."""
    known = RNG.normal(size=(1, QUERIES, KNOWN)).astype(np.float32)
    nearest = np.sort(RNG.normal(size=(QUERIES, 2000)))[:, -COLUMNS:].astype(np.float32)
    completion = Completion(donors(known, new_of(known[0]), 0), nearest[None])
    rng = np.random.default_rng(1)
    return nearest, np.stack([completion.draw(rng) for _ in range(20)])


@pytest.mark.parametrize("columns", [slice(0, 40), slice(40, 50)])
def test_they_spread_as_true_ones_do_far_from_the_top_and_near_it(
    drawn: tuple[Float32s, Float32s], columns: slice
) -> None:
    nearest, new = drawn
    errors = (new - SLOPE * nearest)[:, :, columns]
    assert errors.std() == pytest.approx(SPREAD, rel=0.1)
    assert errors.mean() == pytest.approx(0, abs=0.08)


def test_what_passes_a_high_threshold_is_as_many_as_in_truth(
    drawn: tuple[Float32s, Float32s],
) -> None:
    nearest, new = drawn
    true = np.mean([(new_of(nearest) > 2.2).mean() for _ in range(20)])
    assert (new > 2.2).mean() == pytest.approx(true, rel=0.15)


def test_the_place_of_an_item_that_is_not_there_does_not_matter() -> None:
    known = RNG.normal(size=(1, 6, KNOWN)).astype(np.float32)
    pairs = donors(known, new_of(known[0]), 0)
    short = RNG.normal(size=(1, 6, 8)).astype(np.float32)
    padded = np.concatenate([short, np.full((1, 6, 5), -np.inf, np.float32)], axis=2)
    np.testing.assert_allclose(Completion(pairs, padded).top, Completion(pairs, short).top, 1e-6)


def test_known_cosines_are_kept_and_the_others_differ_between_completions() -> None:
    of = world(items=150, queries=6)
    candidates = find([Channel("old", of.queries_old)], of.old, 150)
    rows = np.sort(np.random.default_rng(0).permutation(150)[:60])
    known = Known(
        rows,
        np.ones(60, bool),
        (of.queries_old @ of.old[rows].T)[None],
        of.queries_new @ of.new[rows].T,
    )
    position = position_of(random(150, 0))
    one, other = Completer(candidates, known, seed=0).completions(2, position)
    for completed in (one, other):
        np.testing.assert_allclose(completed.new[:, rows], known.new, atol=1e-6)
    unknown = np.setdiff1d(np.arange(150), rows)
    assert (one.new[:, unknown] != other.new[:, unknown]).mean() > 0.9
    again = next(Completer(candidates, known, seed=0).completions(1, position))
    np.testing.assert_array_equal(again.new, one.new)


def test_an_item_switches_when_its_place_in_the_order_is_reached() -> None:
    of = world(items=150, queries=2)
    candidates = find([Channel("old", of.queries_old)], of.old, 150)
    known = Known(
        np.arange(150),
        np.ones(150, bool),
        (of.queries_old @ of.old.T)[None],
        of.queries_new @ of.new.T,
    )
    position = position_of(random(150, 0))
    (completed,) = Completer(candidates, known, seed=0).completions(1, position)
    for fraction in (0.1, 0.3, 0.7, 0.9, 1.0):
        done = completed.switches[0, :150] < fraction
        np.testing.assert_array_equal(done, position < round(150 * fraction))
