"""Results on several draws of the encoders."""

import numpy as np
import pytest

from backfill.reporting.measures import areas_by_query, nfr, on_common_draws, per_run
from backfill.results import BackfillCurve, MethodResult

FRACTION = np.array([0.0, 1.0])


def result(*hits: list[int]) -> MethodResult:
    """A method with one run for each list of the queries that it has right throughout."""
    curves = []
    for right in hits:
        found = np.repeat(np.array(right, dtype=bool)[:, None], 2, axis=1)
        curves.append(BackfillCurve(FRACTION, found.astype(float), {1: found}))
    return MethodResult("method", tuple(curves), {})


def test_results_of_draws_are_put_together() -> None:
    both = MethodResult.of_draws([result([1, 0], [1, 1]), result([0, 0], [0, 1])])
    assert (both.draws, both.draw, len(both.curves)) == (2, (0, 0, 1, 1), 4)
    # Runs are averaged within their draw.
    np.testing.assert_array_equal(areas_by_query(both), [[1.0, 0.5], [0.0, 0.5]])
    assert both.first(1).draw == (0, 0)


def test_negative_flips_are_those_of_the_same_draw() -> None:
    old = MethodResult.of_draws([result([1, 1, 0, 0]), result([0, 0, 1, 1])])
    method = MethodResult.of_draws([result([1, 0, 0, 0]), result([0, 0, 1, 1])])
    np.testing.assert_array_equal(per_run(method, nfr(1), old), [[0.5, 0.5], [0.0, 0.0]])


def test_methods_are_compared_on_the_draws_that_both_have() -> None:
    three = MethodResult.of_draws([result([1, 0])] * 3)
    kept = on_common_draws(three, MethodResult.of_draws([result([1, 1])] * 2))
    assert [r.draws for r in kept] == [2, 2]


def test_an_old_system_with_fewer_runs_is_used_in_turn() -> None:
    old, method = result([1, 0]), result([1, 0], [0, 0])
    pairs = list(old.beside(method))
    assert [was is old.curves[0] for was, _ in pairs] == [True, True]
    np.testing.assert_array_equal(per_run(method, nfr(1), old)[:, 0], [0.0, 1.0])


def test_a_result_alone_is_of_the_first_draw() -> None:
    assert result([1, 0], [1, 0]).draw == (0, 0)
    assert result([1, 0]).draws == 1
    with pytest.raises(AttributeError):
        result([1, 0]).draw = (1,)  # type: ignore[misc]
