import numpy as np
import pytest
from simulated import as_panel, as_study, at_levels

from backfill.reporting.sections.winners import fifths, winners
from backfill.results import MethodResult
from backfill.retrieval import BackfillCurve


def study(**upgrades):
    queries = len(next(iter(upgrades.values())).curves[0].average_precision)
    references = {
        "old": at_levels(0.1, 0.1, 0.1, queries=queries),
        "new": at_levels(0.9, 0.9, 0.9, queries=queries),
    }
    return as_study({"rm": as_panel(references | upgrades)})


def test_fifths_are_equally_large_and_go_by_difficulty():
    difficulty = np.array([0.9, 0.1, np.nan, 0.5, 0.3, 0.7])
    assert fifths(difficulty).tolist() == [4, 0, -1, 2, 1, 3]
    sizes = np.bincount(fifths(np.random.default_rng(0).random(103)))
    assert sizes.sum() == 103
    assert sizes.max() - sizes.min() <= 1


def test_differences_are_those_of_the_queries_of_a_fifth():
    # Ten queries, the second half always right at random; the order loses these, half of the time.
    position, fraction = np.random.default_rng(0).permutation(10), np.linspace(0, 1, 3)
    start = np.linspace(0, 0.9, 10)
    ap = np.stack([start, start, start], axis=1)
    hits = np.repeat((np.arange(10) >= 5)[:, None], 3, axis=1)
    fewer = hits.copy()
    fewer[5:, 1] = False
    better = ap + np.array([0.0, 0.03, 0.06])
    chance, order = (
        MethodResult(
            "m", (BackfillCurve(fraction, a[position], {1: h[position], 5: h[position]}),), {}
        )
        for a, h in ((ap, hits), (better, fewer))
    )
    found = winners(study(random=chance, margin=order)).data
    cmc = found[found["measure"] == "auc_cmc_1"]["difference"].tolist()
    assert cmc == pytest.approx([0, 0, -1 / 4, -1 / 2, -1 / 2], abs=1e-6)
    assert found[found["measure"] == "auc_map"]["difference"].tolist() == pytest.approx([0.03] * 5)


def test_lines_show_the_difference_at_each_fraction():
    section = winners(study(random=at_levels(0.2, 0.4, 0.6), margin=at_levels(0.2, 0.5, 0.6)))
    assert [chart.name for chart in section.charts] == ["winners_map", "winners_cmc_1"]
    for axes in (axes for chart in section.charts for axes in chart.figure.axes):
        (line,) = (line for line in axes.lines if line.get_label() == "margin")
        assert line.get_xdata().tolist() == [0, 50, 100]
        assert line.get_ydata() == pytest.approx([0, 10, 0], abs=1e-4)


def test_nothing_to_show_without_a_random_order():
    assert winners(study(margin=at_levels(0.2, 0.5, 0.6))) is None
    assert winners(study(random=at_levels(0.2, 0.5, 0.6))) is None


def test_a_fifth_without_queries_is_a_dash():
    few = winners(
        study(
            random=at_levels(0.5, 0.5, 1.0, queries=4), margin=at_levels(0.5, 1.0, 1.0, queries=4)
        )
    )
    assert few.data["queries"].tolist()[:5] == [1, 1, 1, 1, 0]
    assert few.tables[0].cells["easiest fifth"].tolist() == ["–"]
