"""A query's new cosines, predicted from its cosines by the channels."""

import numpy as np

from backfill.arrays import Float32s
from backfill.forecast.donors import Donors
from backfill.forecast.regression import Regression

QUERIES, ITEMS = 40, 400
RNG = np.random.default_rng(0)
CHANNELS = RNG.normal(size=(1, QUERIES, ITEMS)).astype(np.float32)
# A line with a bend that a piecewise line can have.
TRUE = 0.6 * CHANNELS[0] + 0.5 * np.maximum(CHANNELS[0] - 1, 0)
NOISE = 0.3 * RNG.normal(size=TRUE.shape)


def fitted(new: Float32s) -> Regression:
    query, item = np.divmod(np.arange(QUERIES * ITEMS), ITEMS)
    flat = new.astype(np.float32)[query, item]
    return Regression.of(Donors(CHANNELS[:, query, item], flat, query, item), QUERIES)


def test_a_bent_line_is_recovered() -> None:
    at = np.array([[-1.0, 0.0, 1.0, 2.0, 2.5]], np.float32)
    wanted = 0.6 * at[0] + 0.5 * np.maximum(at[0] - 1, 0)
    np.testing.assert_allclose(fitted(TRUE + NOISE).line(at), wanted, atol=0.05)


def test_a_long_array_is_predicted_as_its_parts_are() -> None:
    regression = fitted(TRUE + NOISE)
    whole = regression.line(CHANNELS)
    np.testing.assert_allclose(whole[3], regression.line(CHANNELS[:, 3]), atol=1e-6)


def test_queries_that_are_all_alike_have_no_slopes_of_their_own() -> None:
    assert np.abs(fitted(TRUE + NOISE).own).max() < 0.1


def test_what_a_query_departs_by_is_found() -> None:
    slopes = np.random.default_rng(1).choice([-0.4, 0.4], QUERIES)
    apart = slopes[:, None] * np.maximum(TRUE - 1, 0)
    found = fitted(TRUE + apart + NOISE).own[:, 0]
    assert (np.sign(found) == np.sign(slopes)).mean() > 0.9
    np.testing.assert_allclose(np.abs(found).mean(), 0.4, atol=0.12)


def test_without_any_near_pair_there_are_no_slopes() -> None:
    far = np.full((1, 5), -1.0, np.float32)
    donors = Donors(far, np.arange(5, dtype=np.float32), np.arange(5), np.zeros(5, np.int64))
    assert (Regression.of(donors, 5).own == 0).all()
