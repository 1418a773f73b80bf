import numpy as np
import pytest
from simulated import as_panel, as_study, at_levels

from backfill.reporting.sections.sequential import sequential


@pytest.fixture(scope="module")
def drawn():
    panels = {
        f"gen{g}": as_panel(
            {
                "old": at_levels(*[0.1 * g] * 3),
                "new": at_levels(*[0.1 * g + 0.2] * 3),
                "hot refresh": at_levels(0.1 * g, 0.1 * g + 0.1, 0.1 * g + 0.2),
            }
            | ({"no refresh": at_levels(*[0.1] * 3)} if g != 2 else {})
        )
        for g in (1, 2, 3)
    }
    (chart,) = sequential(as_study(panels, figure="sequential")).charts
    return chart.figure


def line(axes, label):
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return found.get_xdata(), found.get_ydata()


def test_a_line_runs_through_all_generations_end_to_end(drawn):
    assert [axes.get_ylabel().split()[0] for axes in drawn.axes] == ["mAP", "CMC@1"]
    for axes in drawn.axes:
        x, y = line(axes, "hot refresh")
        assert x.tolist() == [0, 50, 100, 100, 150, 200, 200, 250, 300]
        np.testing.assert_allclose(y, [10, 20, 30, 20, 30, 40, 30, 40, 50], atol=1e-9)


def test_a_line_has_a_gap_where_a_generation_lacks_it(drawn):
    x, y = line(drawn.axes[0], "no refresh")
    assert x[~np.isnan(x)].tolist() == [0, 50, 100, 200, 250, 300]
    assert np.isnan(y[3])


def test_references_are_those_of_each_generation_and_not_joined(drawn):
    _, y = line(drawn.axes[0], "new")
    np.testing.assert_allclose(y[:4], [30, 30, 30, np.nan])
    np.testing.assert_allclose(y[4:7], [40] * 3)


def test_the_axis_names_generations_and_counts_each_from_0_to_100(drawn):
    ticks = [text.get_text() for text in drawn.axes[-1].get_xticklabels()]
    assert ticks == ["0", "50", "100 | 0", "50", "100 | 0", "50", "100"]
    assert [text.get_text() for text in drawn.axes[0].texts] == ["gen1", "gen2", "gen3"]
