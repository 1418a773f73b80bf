import pandas as pd
import pytest
from simulated import as_panel, at_levels, result

from backfill.reporting.comparison import comparison
from backfill.reporting.study import StudyResults

SETTING = {"seed": 0, "resamples": 200, "level": 0.9}
OLD, NEW = at_levels(0.4, 0.4, 0.4), at_levels(0.9, 0.9, 0.9)
RANDOM, GOOD, BAD = at_levels(0.4, 0.6, 0.8), at_levels(0.4, 0.8, 0.8), at_levels(0.3, 0.5, 0.8)


def only_map_is_better():
    found = at_levels(0.4, 0.6, 0.8)
    for curve in found.curves:
        curve.average_precision[:] += 0.1
    return found


def compared(panels, compare=()):
    return comparison(StudyResults("orders", panels, compare=compare), **SETTING)


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
    caption, table = orders.tables[0]
    assert caption.startswith("AUC_mAP in %")
    assert list(table) == ["order", "rm", "ract"]
    assert table["order"].tolist() == ["random", "good", "split", "bad"]
    assert table["rm"][0] == "60.0"
    assert table["rm"][1].startswith("70.0 (+10.0 [+")
    assert table["rm"][3] == table["ract"][1] == "–"


def test_only_what_is_better_on_both_areas_is_starred(orders):
    (_, by_map), (_, by_cmc), (_, flips) = orders.tables
    for table in (by_map, by_cmc):
        assert [cell.endswith("★") for cell in table["rm"]] == [False, True, False, False]
        assert not any("★" in cell for cell in table["ract"])
    assert "★" not in "".join(flips["rm"])
    (sentence,) = orders.sentences
    assert sentence.startswith("★ above random in both AUC_mAP and AUC_CMC@1")
    assert sentence.endswith(": good in rm.")


def test_no_star_is_said_as_well():
    found = compared({"all": as_panel({"old": OLD, "new": NEW, "random": RANDOM, "bad": BAD})})
    assert found.sentences[0].startswith("No order is above random")
    assert "panel" not in found.data
    assert list(found.tables[0][1]) == ["order", "AUC_mAP"]


def test_claims_are_confirmed_refuted_or_left_undecided():
    panel = {"old": OLD, "new": NEW, "a": GOOD, "b": RANDOM}
    panels = {"here": as_panel(panel), "there": as_panel(panel | {"a": BAD}), "no": as_panel(
        {"old": OLD, "new": NEW, "a": GOOD}
    )}  # fmt: skip
    found = compared(panels, compare=[("a", "b")])
    text = "\n".join(found.sentences)
    assert "a’s AUC_mAP is 10.0 points (" in text
    assert ") above b’s in here: confirmed." in text
    assert ") below b’s in there: refuted." in text
    assert "in no:" not in text
    # Neither loses a query that old had right.
    assert "a’s mean NFR@1 is 0.0 points (0.0 to 0.0) above b’s in here: undecided." in text
    # The mean of 25 %, 0 % and 0 % is more than none: worse, for flips.
    assert "a’s mean NFR@1 is 8.3 points (" in text
    ((_, table),) = found.tables
    assert table["difference"].tolist() == ["a − b"] * 2


def test_a_pair_against_random_is_computed_once_and_claimed_as_well():
    panel = as_panel({"old": OLD, "new": NEW, "random": RANDOM, "good": GOOD})
    found = compared({"all": panel}, compare=[("good", "random")])
    assert len(found.data) == 3
    assert len(found.tables) == 4
    assert "good’s AUC_mAP is 10.0 points" in found.sentences[1]


def test_references_are_compared_only_if_named():
    panel = {"all": as_panel({"old": OLD, "new": NEW, "rm": GOOD})}
    assert compared(panel) is None
    assert compared(panel, compare=[("rm", "old")]).data["baseline"].tolist() == ["old"] * 3


def test_files_hold_tables_sentences_and_numbers(orders):
    files = orders.files()
    assert sorted(files) == ["comparison.csv", "comparison.md"]
    assert orders.sentences[0] in files["comparison.md"]
    assert files["comparison.md"].count("| good") == 3
    assert files["comparison.csv"].startswith("panel,label,baseline,measure,value,")


def test_flips_that_cannot_be_judged_are_dashes():
    never = result([[0, 0], [0, 0]])
    some = result([[1, 1], [0, 1]])
    found = compared(
        {"all": as_panel({"old": never, "new": some, "a": some, "b": never})}, [("a", "b")]
    )
    ((_, table),) = found.tables
    assert table["mean NFR@1"].tolist() == ["– undecided"]
    assert not any("NFR" in sentence for sentence in found.sentences)
    assert found.data["difference"].isna().sum() == 1
    assert isinstance(found.data, pd.DataFrame)
