import pytest
from simulated import as_panel, as_study, at_levels

from backfill.reporting.sections.ablations import ablations, values_of

OLD, NEW = at_levels(0.2, 0.2, 0.2), at_levels(0.8, 0.8, 0.8)


@pytest.fixture(scope="module")
def shown():
    low, middle, high = (at_levels(0.2, level, 0.8) for level in (0.3, 0.5, 0.6))
    panels = {
        "temperature": as_panel({"old": OLD, "new": NEW, "1": low, "0.05": high, "0.1": middle}),
        "depth": as_panel({"old": OLD, "new": NEW, "1 layer": low, "3 layers": low}),
        "mining": as_panel({"old": OLD, "new": NEW, "on": high, "off": low}),
        "single": as_panel({"old": OLD, "new": NEW, "x": low}),
    }
    return ablations(as_study(panels, figure="ablations"))


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["1", "0.05", "1e-3"], [1, 0.05, 0.001]),
        (["1 layer", "3 layers"], [1, 3]),
        ([".5", "-2"], [0.5, -2]),
        (["on", "off"], None),
        (["1", "off"], None),
        (["3x256", "3x512"], None),  # the same number: it does not tell them apart
    ],
)
def test_labels_that_start_with_numbers_are_values(labels, found):
    assert values_of(labels) == found


def test_numbers_are_in_their_order_and_references_left_out(shown):
    rows = shown.data[shown.data["panel"] == "temperature"]
    assert rows["label"].tolist() == ["0.05", "0.1", "1"]
    assert rows["value"].tolist() == [0.05, 0.1, 1.0]
    assert rows["gain"].is_monotonic_decreasing
    assert shown.data.query("panel == 'mining'")["label"].tolist() == ["on", "off"]
    assert shown.data.query("panel == 'mining'")["value"].isna().all()


def axes_of(shown, title):
    """The Gain and the AUC_CMC@1 of a panel; the grid has two rows for every two panels."""
    (chart,) = shown.charts
    names = [axes.get_title(loc="left") for axes in chart.figure.axes]
    position = names.index(title)
    return chart.figure.axes[position], chart.figure.axes[position + 2]


def test_a_wide_range_of_numbers_is_logarithmic(shown):
    for axes in axes_of(shown, "temperature"):
        assert axes.get_xscale() == "log"
        assert [text.get_text() for text in axes.get_xticklabels()] == ["0.05", "0.1", "1"]
    assert axes_of(shown, "depth")[0].get_xscale() == "linear"


def test_points_are_gain_and_hits_with_their_intervals(shown):
    row = shown.data.query("label == '0.1'").iloc[0]
    gain, hits = axes_of(shown, "temperature")
    for axes, key in ((gain, "gain"), (hits, "auc_cmc_1")):
        assert axes.lines[0].get_ydata()[1] == pytest.approx(100 * row[key])
        bar = axes.collections[0].get_segments()[1]
        assert bar[:, 1] == pytest.approx([100 * row[f"{key}_low"], 100 * row[f"{key}_high"]])


def test_all_knobs_share_an_axis_so_that_their_weight_can_be_seen(shown):
    tops = {axes_of(shown, name)[0].get_ylim() for name in ("temperature", "depth", "mining")}
    assert len(tops) == 1


def test_a_sentence_names_the_best_value_and_its_lead(shown):
    first, tie, on, single = shown.sentences
    # The area under 0.2, 0.6, 0.8 is 0.55: Gain (0.55 - 0.2) / (0.8 - 0.2). That of 0.1 is 0.5.
    assert first.startswith("temperature: 0.05 is best with a Gain of 58%, 5.0 points [")
    assert first.endswith("] of AUC_mAP ahead of 0.1.")
    assert "0.0 points [0.0, 0.0] of AUC_mAP ahead of 3 layers, which is not a clear" in tie
    assert on.startswith("mining: on is best")
    assert single.endswith("there is nothing to compare it with.")
