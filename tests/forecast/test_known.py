"""What is known of the new space."""

import numpy as np

from backfill.align.maps import unit
from backfill.forecast.known import Known, Moments

RNG = np.random.default_rng(0)


def test_standard_scores_of_a_normal_sample_are_normal_and_lead_back_to_the_cosines() -> None:
    cosines = RNG.normal(0.3, 0.1, (4, 500)).astype(np.float32)
    moments = Moments(cosines)
    standard = moments.standard(cosines)
    np.testing.assert_allclose(standard.mean(axis=1), 0, atol=0.1)
    np.testing.assert_allclose(standard.std(axis=1), 1, atol=0.15)
    np.testing.assert_allclose(moments.cosines(standard), cosines, atol=1e-6)


def test_cosines_that_are_all_alike_have_finite_scores() -> None:
    alike = np.full((1, 5), 0.25, np.float32)
    assert (Moments(alike).standard(alike) == 0).all()


def test_new_cosines_are_those_of_the_row_and_nan_where_it_is_not_known() -> None:
    new = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)
    known = Known(np.array([3, 5, 9]), np.ones(3, bool), np.zeros((1, 2, 3), np.float32), new)
    found = known.new_of(np.array([[9, 4, -1], [3, 10, 5]]))
    nan = np.nan
    np.testing.assert_allclose(found, [[0.3, nan, nan], [0.4, nan, 0.5]], atol=1e-7)


def test_unit_rows_have_length_1_and_zeros_stay() -> None:
    rows = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], atol=1e-7)
