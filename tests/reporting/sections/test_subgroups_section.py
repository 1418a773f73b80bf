import numpy as np
import pandas as pd
import pytest
from simulated import as_panel, as_study, result

from backfill.errors import InputError
from backfill.reporting.sections.subgroups import TOLERANCE, Gap, subgroups

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
    return as_study({"all": panel}, figure="subgroups", groups=groups, minority=minority)


@pytest.fixture(scope="module")
def shown():
    return subgroups(study())


def test_the_table_holds_both_groups_and_when_their_gap_closes(shown):
    row = shown.data.query("label == 'm' and measure == 'cmc_1'").iloc[0]
    assert (row["minority_start"], row["majority_start"]) == (0, 1)
    assert (row["gap_start"], row["gap_mean"], row["gap_end"], row["gap_new"]) == (1, 0.5, 0, 0)
    assert row["closed_at"] == pytest.approx(0.5 + 0.5 * (0.5 - TOLERANCE) / 0.5)
    table = shown.tables[0]
    assert table.title.startswith("CMC@1")
    assert table.cells.set_index("method")["closed at"].to_dict() == {
        "old": "never",
        "new": "0%",
        "m": "99%",
    }


def test_the_words_state_the_tolerance_and_the_first_to_close(shown):
    assert "at most 1.0 points above" in shown.caption
    assert "the 2 queries of bold" in shown.caption
    assert shown.sentences[0] == (
        "CMC@1 gap: m closes it first, at 99%: from 100.0 points to the new system’s 0.0 points."
    )


def test_the_figure_draws_both_groups_of_every_method(shown):
    hits, precision = shown.charts[0].figure.axes
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
        (None, ["bold"], "of each of 6 queries, got none"),
        (GROUPS[:3], ["bold"], r"got shape \(3,\)"),
        (
            GROUPS,
            ["slim"],
            "queries with positives in the minority, got none; minority: slim; groups: bold",
        ),
        (GROUPS, ["bold", "thin", "plain"], "queries with positives in the majority, got none"),
    ],
)
def test_groups_that_cannot_be_told_apart_are_an_error(groups, minority, message):
    with pytest.raises(InputError, match=message):
        subgroups(study(groups, minority))


def test_a_gap_that_was_never_open_is_said_to_be_closed_from_the_start():
    every = {label: result(np.ones((6, 3))) for label in ("old", "new", "m", "n")}
    panel = as_panel(every)
    found = subgroups(as_study({"all": panel}, groups=GROUPS, minority=("bold",)))
    assert found.sentences[0] == "CMC@1 gap: closed from the start with m and n."


def test_a_gap_that_stays_open_is_said_to_be_closed_by_no_method():
    right = np.ones((6, 3))
    wrong = right.copy()
    wrong[[1, 3]] = 0
    panel = as_panel({"old": result(wrong), "new": result(right), "m": result(wrong)})
    found = subgroups(as_study({"a": panel, "b": panel}, groups=GROUPS, minority=("bold",)))
    assert found.sentences[0] == "CMC@1 gap in a: no method closes it for good."
