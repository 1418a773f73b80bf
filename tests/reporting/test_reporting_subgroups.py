import numpy as np
import pandas as pd
import pytest
from simulated import as_panel, result

from backfill.errors import InputError
from backfill.reporting.study import StudyResults
from backfill.reporting.subgroups import TOLERANCE, Gap, subgroups

FRACTION = np.array([0.0, 0.5, 1.0])
GROUPS = np.array(["thin", "bold", "thin", "bold", "plain", "plain"])


@pytest.mark.parametrize(
    ("gap", "closed_at", "stays"),
    [
        ([0.21, 0.11, 0.01], 0.5 + 0.5 * 0.8, True),  # on a straight line down to 0.03
        ([0.03, 0.02, 0.0], 0.0, True),
        ([0.03, 0.2, 0.0], 0.0, False),
        ([0.13, -0.07, 0.2], 0.25, False),
        ([0.2, 0.1, 0.04], None, False),
    ],
)
def test_a_gap_is_closed_at_the_tolerance_over_that_of_new(gap, closed_at, stays):
    found = Gap.of(np.array(gap), goal=0.03 - TOLERANCE, fraction=FRACTION)
    assert found.start == gap[0]
    assert found.closed_at == (None if closed_at is None else pytest.approx(closed_at))
    assert found.stays == stays


def study(groups=GROUPS, minority=("bold",)):
    right = np.ones((6, 3))
    old = right.copy()
    old[[1, 3]] = 0  # no bold query is right with the old system
    method = right.copy()
    method[[1, 3], 0] = 0
    method[1, 1] = 0
    panel = as_panel({"old": result(old), "new": result(right), "m": result(method)})
    return StudyResults("s", {"all": panel}, "subgroups", groups=groups, minority=minority)


@pytest.fixture(scope="module")
def shown():
    return subgroups(study(), title="d")


def test_the_table_holds_both_groups_and_when_their_gap_closes(shown):
    row = shown.data.query("label == 'm' and measure == 'cmc_1'").iloc[0]
    assert (row["minority_start"], row["majority_start"]) == (0, 1)
    assert (row["gap_start"], row["gap_mean"], row["gap_end"], row["gap_new"]) == (1, 0.5, 0, 0)
    assert row["closed_at"] == pytest.approx(0.5 + 0.5 * (0.5 - TOLERANCE) / 0.5)
    caption, table = shown.tables[0]
    assert caption.startswith("CMC@1")
    assert table.set_index("method")["closed at"].to_dict() == {
        "old": "never",
        "new": "0 %",
        "m": "99 %",
    }


def test_the_words_state_the_tolerance_and_the_first_to_close(shown):
    assert "at most 1.0 points above" in shown.caption
    assert "the 2 queries of bold" in shown.caption
    assert "closes first with m: from 100.0 points at 0 % to" in shown.sentences[0]
    assert "once 99 % of the gallery" in shown.sentences[0]


def test_the_figure_draws_both_groups_of_every_method(shown):
    hits, precision = shown.figure.axes
    assert (hits.get_title(loc="left"), precision.get_title(loc="left")) == ("CMC@1 (%)", "mAP (%)")
    curves = [line.get_ydata().tolist() for line in hits.lines]
    assert curves[-2:] == [[0, 50, 100], [100, 100, 100]]
    assert len(curves) == 6


def test_files_are_the_figure_the_table_and_the_numbers(shown):
    files = shown.files()
    assert sorted(files) == ["subgroups.csv", "subgroups.md", "subgroups.png"]
    assert len(pd.DataFrame(shown.data)) == 6


@pytest.mark.parametrize(
    ("groups", "minority", "message"),
    [
        (None, ["bold"], "of each of 6 queries, found none"),
        (GROUPS[:3], ["bold"], r"found shape \(3,\)"),
        (GROUPS, ["slim"], "no query with positives in the minority; minority: slim; groups: bold"),
        (GROUPS, ["bold", "thin", "plain"], "no query with positives in the majority"),
    ],
)
def test_groups_that_cannot_be_told_apart_are_an_error(groups, minority, message):
    with pytest.raises(InputError, match=message):
        subgroups(study(groups, minority), title="d")


def test_a_gap_that_was_never_open_is_said_to_be_closed_from_the_start():
    every = {label: result(np.ones((6, 3))) for label in ("old", "new", "m", "n")}
    panel = as_panel(every)
    found = subgroups(
        StudyResults("s", {"all": panel}, groups=GROUPS, minority=("bold",)), title=""
    )
    assert found.sentences[0].endswith("0.0 points from the start with m and n.")
