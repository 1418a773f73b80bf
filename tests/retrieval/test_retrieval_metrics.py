"""Gain, conditions, negative flips and per-query areas by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from backfill.errors import InputError
from backfill.retrieval import (
    BackfillCurve,
    Conditions,
    gain,
    negative_flip_rate,
    query_auc_cmc,
    query_auc_map,
    worst_step,
)


def curve_of(hits: list[list[int]], precision: list[list[float]] | None = None) -> BackfillCurve:
    found = np.array(hits, bool)
    values: NDArray[np.float64] = np.where(found, 1.0, 0.5)
    if precision is not None:
        values = np.array(precision)
    return BackfillCurve(np.linspace(0, 1, found.shape[1]), values, {1: found})


def test_gain_of_the_published_tables() -> None:
    """Rank merge, Table 1, ImageNet-1K: rows rm_naive and rm (rounded areas)."""
    assert gain(31.2, 31.2, 51.3) == 0
    assert gain(51.3, 31.2, 51.3) == 1
    assert gain(40.0, 31.2, 51.3) == pytest.approx(0.44, abs=0.005)
    assert gain(53.4, 31.2, 51.3) == pytest.approx(1.10, abs=0.005)
    assert np.isnan(gain(0.4, 0.3, 0.3))


def test_conditions() -> None:
    assert Conditions.of([0.2, 0.3, 0.3], 0.2, 0.3) == Conditions(True, True, True)
    assert Conditions.of([0.2, 0.3, 0.5], 0.21, 0.5) == Conditions(False, True, True)
    assert Conditions.of([0.2, 0.3, 0.5], 0.1, 0.6) == Conditions(True, False, True)
    assert Conditions.of([0.2, 0.5, 0.4], 0.1, 0.3) == Conditions(True, True, False)


def test_conditions_tolerate_rounding_and_no_more() -> None:
    assert Conditions.of([0.3, 0.3 - 1e-7], 0.3 + 1e-7, 0.3) == Conditions(True, True, True)
    assert Conditions.of([0.3, 0.3 - 1e-5], 0.3 + 1e-5, 0.3) == Conditions(False, False, False)


def test_worst_step() -> None:
    assert worst_step([0.1, 0.4, 0.3, 0.9]) == pytest.approx(-0.1)
    assert worst_step([0.1, 0.4, 0.6]) == pytest.approx(0.2)
    assert worst_step([0.1]) == 0
    with pytest.raises(InputError, match="quality: expected one finite value per checkpoint"):
        worst_step([0.1, np.nan])


def test_negative_flip_rate() -> None:
    """Three queries are right with the old system; the fourth never counts."""
    old = curve_of([[1, 0], [1, 1], [1, 1], [0, 1]])  # whose later columns do not count
    curve = curve_of([[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 0, 0]])
    np.testing.assert_allclose(negative_flip_rate(old, curve, 1), [1 / 3, 2 / 3, 0])


def test_negative_flip_rate_without_a_right_query() -> None:
    assert np.isnan(negative_flip_rate(curve_of([[0]]), curve_of([[1, 0]]), 1)).all()


def test_negative_flip_rate_of_other_curves() -> None:
    one, two = curve_of([[1]]), curve_of([[1], [0]])
    with pytest.raises(InputError, match="curve: expected 1 queries as in old_curve, got 2"):
        negative_flip_rate(one, two, 1)
    with pytest.raises(InputError, match=r"k: expected one of old_curve's \(1,\), got 5"):
        negative_flip_rate(one, one, 5)
    other = BackfillCurve(one.fraction, one.average_precision, {5: one.hits[1]})
    with pytest.raises(InputError, match=r"k: expected one of curve's \(5,\), got 1"):
        negative_flip_rate(one, other, 1)


def test_areas_of_queries() -> None:
    nan = float("nan")
    curve = curve_of(
        [[0, 1, 1], [0, 0, 0], [1, 0, 0]], [[0.0, 1.0, 1.0], [nan, nan, nan], [0.4, 0.2, 0.0]]
    )
    np.testing.assert_allclose(query_auc_map(curve), [0.75, nan, 0.2])
    np.testing.assert_allclose(query_auc_cmc(curve, 1), [0.75, nan, 0.25])
    assert np.nanmean(query_auc_map(curve)) == pytest.approx(curve.auc_map)
    assert np.nanmean(query_auc_cmc(curve, 1)) == pytest.approx(curve.auc_cmc[1])
