"""What is said of a method, from simulated measures."""

import numpy as np
import pytest

from backfill.arrays import Float64s
from backfill.forecast.simulated import Simulated
from backfill.forecast.summary import Summary, area

FRACTIONS = (0.0, 0.5, 1.0)
QUERIES = 200
NOBODY = np.zeros(QUERIES, bool)


def simulated(*levels: float, old: float = 0.5, noise: float = 0.05, seed: int = 0) -> Simulated:
    """One method at these levels, with noise of its own for each fraction and query."""
    rng = np.random.default_rng(seed)

    def around(level: float) -> Float64s:
        return level + noise * rng.normal(size=(3, QUERIES))

    curve = np.stack([around(level) for level in levels])
    return Simulated(
        {"overlap@10": around(old)}, {"overlap@10": around(0.9)}, {"some": {"overlap@10": curve}}
    )


def summary(of: Simulated) -> Summary:
    return Summary(of, None, NOBODY, None, 0.9)


def test_a_step_down_beyond_chance_is_a_fall() -> None:
    found = summary(simulated(0.6, 0.8, 0.7)).of_method("some", "a title", "overlap@10", FRACTIONS)
    assert found.fall is not None
    assert (found.fall.start, found.fall.end) == (0.5, 1.0)
    assert found.fall.change.value == pytest.approx(-0.1, abs=0.02)
    assert not found.eligible


def test_the_steepest_one_is_named() -> None:
    found = summary(simulated(0.9, 0.6, 0.55)).steepest_fall("some", "overlap@10", FRACTIONS)
    assert found is not None
    assert (found.start, found.end) == (0.0, 0.5)


def test_a_step_down_within_chance_is_none() -> None:
    of = simulated(0.6, 0.8, 0.799, noise=0.3)
    assert summary(of).steepest_fall("some", "overlap@10", FRACTIONS) is None


@pytest.mark.parametrize(("start", "eligible"), [(0.3, False), (0.5, False), (0.7, True)])
def test_a_method_must_start_above_old_beyond_doubt(start: float, eligible: bool) -> None:
    found = summary(simulated(start, 0.8, 0.9)).of_method(
        "some", "a title", "overlap@10", FRACTIONS
    )
    assert found.start.value == pytest.approx(start - 0.5, abs=0.02)
    assert found.eligible is eligible


def test_a_curve_has_a_value_for_each_fraction_and_an_area() -> None:
    found = summary(simulated(0.6, 0.8, 1.0)).of_method("some", "a title", "overlap@10", FRACTIONS)
    assert [v.value for v in found.curves["overlap@10"]] == pytest.approx([0.6, 0.8, 1.0], abs=0.02)
    assert found.area["overlap@10"].value == pytest.approx(0.8, abs=0.02)
    assert (
        found.area["overlap@10"].low
        < found.area["overlap@10"].value
        < found.area["overlap@10"].high
    )


def test_the_area_is_the_mean_along_uneven_fractions() -> None:
    curve = np.array([0.0, 1.0, 1.0])[:, None, None]
    assert area(curve, (0.0, 0.2, 1.0)) == pytest.approx(0.9)
    assert area(curve, (0.5, 0.6, 1.0)) == pytest.approx(0.9)


def test_queries_whose_nearest_items_were_asked_for_correct_all() -> None:
    asked = np.arange(QUERIES) < 50
    found = Summary(simulated(0.6, 0.7, 0.8), simulated(0.7, 0.8, 0.9), asked, None, 0.9)
    value = found.value(lambda of: of.methods["some"]["overlap@10"][0])
    assert value.value == pytest.approx(0.7, abs=0.02)


def test_a_single_asked_query_corrects_nothing() -> None:
    one = np.arange(QUERIES) == 3
    plain = simulated(0.6, 0.7, 0.8)
    found = Summary(plain, simulated(0.7, 0.8, 0.9), one, None, 0.9)
    assert found.value(lambda of: of.old["overlap@10"]) == summary(plain).value(
        lambda of: of.old["overlap@10"]
    )
