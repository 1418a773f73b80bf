import numpy as np
import pytest
from matplotlib.figure import Figure

from backfill.reporting.figures.grid import columns_for, panel_grid, shares_axis


@pytest.mark.parametrize(
    ("count", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3), (7, 3), (9, 3)]
)
def test_at_most_three_panels_stand_side_by_side(count, columns):
    assert columns_for(count) == columns


def test_an_axis_is_shared_only_if_no_panel_is_pressed_flat():
    assert shares_axis([[0.2, 0.5], [0.3, 0.6]])
    assert not shares_axis([[0.10, 0.12], [0.3, 0.6]])
    assert shares_axis([[np.nan, np.nan], [0.3, 0.6]])  # nothing to be seen, nothing to press
    assert shares_axis([[np.nan]])


def test_every_column_ends_with_numbers_on_its_axis():
    figure = Figure()
    found = panel_grid(figure, {f"p{i}": [0.0, 1.0] for i in range(5)}, "backfilled")
    assert list(found) == [f"p{i}" for i in range(5)]
    shown = [axes.get_xlabel() for axes in found.values()]
    assert shown == ["", "", "backfilled", "backfilled", "backfilled"]
    assert not figure.axes[5].axison
