"""How each method ranks the items that wait."""

import warnings

import numpy as np
import pytest

from backfill.forecast.methods import FALL_BACK, METHODS, Systems

COSINES = np.arange(24, dtype=np.float32).reshape(4, 2, 3) / 24
SLERP = np.array([[0.2, 0.4], [0.6, 0.8]], np.float32)
ALL = Systems(("old", "ridge", "residual", "back"), best="residual", mix=0.25, slerp=SLERP)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("old_query", COSINES[0]),
        (FALL_BACK, COSINES[0]),
        ("ridge", COSINES[1]),
        ("mix", 0.25 * COSINES[0] + 0.75 * COSINES[2]),
        ("slerp", SLERP[0][:, None] * COSINES[0] + SLERP[1][:, None] * COSINES[3]),
    ],
)
def test_waiting_items_are_scored_by_a_sum_of_cosines(name: str, wanted: np.ndarray) -> None:
    found = METHODS[name].waiting(ALL, COSINES)
    assert found is not None
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_a_method_is_out_where_its_channel_is() -> None:
    assert METHODS["procrustes"].waiting(ALL, COSINES) is None
    without = Systems(("old", "ridge"), best="ridge", mix=0.5)
    assert METHODS["slerp"].waiting(without, COSINES[:2]) is None


def test_old_queries_can_be_had_of_any_systems_with_and_without_calibration() -> None:
    assert METHODS[FALL_BACK].calibrated
    assert not METHODS["old_query"].calibrated
    only = Systems(("old",), best="old", mix=0.5)
    assert METHODS[FALL_BACK].waiting(only, COSINES[:1]) is not None


def test_where_there_is_no_item_there_is_no_score_and_no_warning() -> None:
    only_new = Systems(ALL.channels, ALL.best, mix=0.0, slerp=SLERP)
    cosines = COSINES.copy()
    cosines[:, 1, 2] = -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = METHODS["mix"].waiting(only_new, cosines)
    assert found is not None
    assert not np.isfinite(found[1, 2])
    assert np.isfinite(np.delete(found.ravel(), 5)).all()
