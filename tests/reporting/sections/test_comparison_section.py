import pandas as pd
import pytest
from simulated import as_panel, as_study, at_levels, result

from backfill.reporting.sections.comparison import comparison

OLD, NEW = at_levels(0.4, 0.4, 0.4), at_levels(0.9, 0.9, 0.9)
RANDOM, GOOD, BAD = at_levels(0.4, 0.6, 0.8), at_levels(0.4, 0.8, 0.8), at_levels(0.3, 0.5, 0.8)


def only_map_is_better():
    found = at_levels(0.4, 0.6, 0.8)
    for curve in found.curves:
        curve.average_precision[:] += 0.1
    return found


def compared(panels, compare=()):
    return comparison(as_study(panels, name="orders", compare=compare))


@pytest.fixture(scope="module")
def orders():
    rm = {"old": OLD, "new": NEW, "random": RANDOM, "good": GOOD, "split": only_map_is_better()}
    return compared(
        {
            "rm": as_panel(rm),
            "ract": as_panel({"old": OLD, "new": NEW, "random": RANDOM, "bad": BAD}),
            "alone": as_panel({"old": OLD, "new": NEW, "random": RANDOM}),
        }
    )


@pytest.fixture(scope="module")
def claims():
    panel = {"old": OLD, "new": NEW, "a": GOOD, "b": RANDOM}
    panels = {
        "here": as_panel(panel),
        "there": as_panel(panel | {"a": BAD}),
        "no": as_panel({"old": OLD, "new": NEW, "a": GOOD}),
    }
    return compared(panels, compare=[("a", "b"), ("b", "b2"), ("new", "old")])


def test_every_order_is_measured_against_random_in_its_panel(orders):
    keys = orders.data[["panel", "label", "baseline"]].drop_duplicates()
    assert keys.to_numpy().tolist() == [
        ["rm", "good", "random"],
        ["rm", "split", "random"],
        ["ract", "bad", "random"],
    ]
    row = orders.data.query("label == 'good' and measure == 'auc_cmc_1'").iloc[0]
    assert row["difference"] == pytest.approx(0.1)
    assert row["low"] < 0.1 < row["high"]


def test_labels_stand_against_panels_and_what_is_missing_is_a_dash(orders):
    table = orders.tables[0]
    assert table.title.startswith("AUC_mAP in percent")
    cells = table.cells
    assert list(cells) == ["order", "rm", "ract"]
    assert cells["order"].tolist() == ["random", "good", "split", "bad"]
    assert cells["rm"][0] == "60.0"
    assert cells["rm"][1].startswith("70.0 (+10.0)★ [+")
    assert cells["rm"][3] == cells["ract"][1] == "–"


def test_only_what_is_better_on_both_areas_is_starred(orders):
    by_map, by_cmc, flips = (table.cells for table in orders.tables)
    for cells in (by_map, by_cmc):
        assert ["★" in cell for cell in cells["rm"]] == [False, True, False, False]
        assert not any("★" in cell for cell in cells["ract"])
    assert "★" not in "".join(flips["rm"])
    assert orders.sentences == ["Better than random on both AUC_mAP and AUC_CMC@1: good (in rm)."]


def test_that_no_order_wins_is_said_as_well():
    found = compared({"all": as_panel({"old": OLD, "new": NEW, "random": RANDOM, "bad": BAD})})
    assert found.sentences == ["No order beats random on both AUC_mAP and AUC_CMC@1."]
    assert "panel" not in found.data
    assert list(found.tables[0].cells) == ["order", "AUC_mAP"]


def matrices(section):
    (figure,) = (chart.figure for chart in section.charts if chart.name == "orders")
    return figure.axes


def test_the_matrix_has_panels_by_orders_and_marks_what_is_beyond_chance(orders):
    by_map, by_cmc, flips = matrices(orders)
    assert [text.get_text() for text in by_map.get_yticklabels()] == ["rm", "ract"]
    columns = [text.get_text() for text in flips.get_xticklabels()]
    assert columns == ["good", "split", "bad"]
    cells = {text.get_position(): text.get_text() for text in by_map.texts}
    assert cells == {(0, 0): "+10.0*", (1, 0): "+10.0*", (2, 1): "-7.5*"}
    cells = {text.get_position(): text.get_text() for text in by_cmc.texts}
    assert cells == {(0, 0): "+10.0*", (1, 0): "0.0", (2, 1): "-7.5*"}


def test_a_cell_is_coloured_by_what_is_better_and_empty_where_nothing_is_compared(orders):
    by_map, _, flips = (axes.images[0] for axes in matrices(orders))
    values = by_map.get_array()
    assert values[0, 0] > 0 > values[1, 2]
    assert values.mask.tolist() == [[False, False, True], [True, True, False]]
    low, high = by_map.get_clim()
    assert low == -high
    # More negative flips are worse, although the number is larger.
    assert flips.get_array()[1, 2] < 0
    assert [text.get_text()[0] for text in flips.axes.texts if text.get_position() == (2, 1)] == [
        "+"
    ]


def test_claims_are_confirmed_refuted_or_left_undecided(claims):
    # Neither a nor b loses a query that old had right, here; there, a loses some.
    assert claims.sentences == [
        "Confirmed, better on at least one measure and worse on none: a over b (in here); "
        "new over old (in every panel).",
        "Refuted, worse on at least one measure and better on none: a over b (in there).",
    ]
    (table,) = claims.tables
    assert table.cells["claim"].tolist() == ["a over b"] * 2 + ["new over old"] * 3
    assert table.cells["AUC_mAP"][0].startswith("+10.0 better [+")
    assert table.cells["AUC_mAP"][1].startswith("-7.5 worse [-")
    assert table.cells["mean NFR@1"][0] == "0.0 undecided [0.0, 0.0]"
    # The mean of 25%, 0% and 0% is more than none: worse, for flips.
    assert table.cells["mean NFR@1"][1].startswith("+8.3 worse [+")


def test_measures_that_disagree_make_a_mixed_claim_and_no_difference_an_undecided_one():
    panel = {"old": OLD, "new": NEW, "a": only_map_is_better(), "b": RANDOM, "c": RANDOM}
    for curve in panel["a"].curves:
        curve.hits[1][8:12, 1] = False
    found = compared({"all": as_panel(panel)}, [("a", "b"), ("b", "c")])
    assert found.sentences == [
        "Mixed, better on one measure and worse on another: a over b.",
        "Undecided, no interval excludes 0: b over c.",
    ]


def test_a_study_with_many_claims_has_a_handful_of_sentences():
    labels = {f"m{i}": at_levels(0.4, 0.4 + 0.02 * i, 0.8) for i in range(8)}
    pairs = [(a, b) for a in labels for b in labels if a != b]
    found = compared({"all": as_panel({"old": OLD, "new": NEW, "random": RANDOM} | labels)}, pairs)
    assert len(found.sentences) <= 5


def forest(section):
    (figure,) = (chart.figure for chart in section.charts if chart.name == "claims")
    return figure


def drawn(axes):
    """The row, interval and difference of every line of a forest plot."""
    _, *lines = axes.lines  # the first stands at 0
    bars, points = lines[::2], lines[1::2]
    return {
        bar.get_ydata()[0]: (*bar.get_xdata(), *point.get_xdata())
        for bar, point in zip(bars, points, strict=True)
    }


def test_the_forest_plot_has_a_row_for_each_claim_and_panel_under_its_claim(claims):
    first, *_ = forest(claims).axes
    rows = [text.get_text() for text in first.get_yticklabels()]
    assert rows == ["a over b", "here", "there", "new over old", "here", "there", "no"]
    bold = [text.get_fontweight() == "bold" for text in first.get_yticklabels()]
    assert bold == [True, False, False, True, False, False, False]
    assert list(drawn(first)) == [1, 2, 4, 5, 6]


def test_the_forest_plot_shows_every_measure_with_its_interval(claims):
    axes = forest(claims).axes
    assert [a.get_title(loc="left") for a in axes] == ["AUC_mAP", "AUC_CMC@1", "mean NFR@1"]
    for part, measure in zip(axes, ["auc_map", "auc_cmc_1", "nfr_1_mean"], strict=True):
        row = claims.data.query(f"panel == 'there' and label == 'a' and measure == '{measure}'")
        expected = 100 * row[["low", "high", "difference"]].to_numpy()[0]
        assert drawn(part)[2] == pytest.approx(expected, abs=1e-3)


def test_right_of_the_line_the_first_of_a_pair_does_better_on_every_measure(claims):
    for axes in forest(claims).axes:
        left, right = axes.get_xlim()
        assert (left > right) == axes.get_title(loc="left").startswith("mean NFR")
    # A verdict shows in the marker and its filling, not in the colour alone.
    points = forest(claims).axes[2].lines[2::2]
    styles = [(p.get_marker(), p.get_markerfacecolor()) for p in points[:2]]
    assert len(set(styles)) == 2
    assert styles[0][1] == "white"


def test_claims_of_one_panel_have_no_headings():
    panel = {"old": OLD, "new": NEW, "a": GOOD, "b": RANDOM}
    found = compared({"all": as_panel(panel)}, [("a", "b"), ("b", "a")])
    first, *_ = forest(found).axes
    assert [text.get_text() for text in first.get_yticklabels()] == ["a over b", "b over a"]


def test_a_pair_against_random_is_a_claim_as_well():
    panel = as_panel({"old": OLD, "new": NEW, "random": RANDOM, "good": GOOD})
    found = compared({"all": panel}, compare=[("good", "random")])
    assert len(found.data) == 3
    assert len(found.tables) == 4
    assert [chart.name for chart in found.charts] == ["claims", "orders"]
    assert found.sentences[0].endswith("worse on none: good over random.")
    assert found.sentences[1].endswith("AUC_CMC@1: good.")


def test_references_are_compared_only_if_named():
    panel = {"all": as_panel({"old": OLD, "new": NEW, "rm": GOOD})}
    assert compared(panel) is None
    assert compared(panel, compare=[("rm", "old")]).data["baseline"].tolist() == ["old"] * 3


def test_files_hold_figures_tables_sentences_and_numbers(orders):
    files = orders.files()
    assert sorted(files) == ["comparison.csv", "comparison.md", "orders.png"]
    text = files["comparison.md"].decode()
    assert orders.sentences[0] in text
    assert text.count("| good") == 3
    assert files["comparison.csv"].startswith(b"panel,label,baseline,measure,value,")


def test_flips_that_cannot_be_judged_are_dashes():
    never = result([[0, 0], [0, 0]])
    some = result([[1, 1], [0, 1]])
    found = compared(
        {"all": as_panel({"old": never, "new": some, "a": some, "b": never})}, [("a", "b")]
    )
    (table,) = found.tables
    assert table.cells["mean NFR@1"].tolist() == ["–"]
    assert drawn(forest(found).axes[2]) == {}
    assert found.data["difference"].isna().sum() == 1
    assert isinstance(found.data, pd.DataFrame)
