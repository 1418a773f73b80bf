from dataclasses import replace

from simulated import as_panel, as_study, at_levels

from backfill.reporting.panel import Pairs
from backfill.reporting.sections.pairs import pairs

PANEL = as_panel({"old": at_levels(0.2, 0.2), "new": at_levels(0.6, 0.6)})
KNOWN = replace(PANEL, pairs={"old": Pairs("old → old", "old → old", "random")})


def test_what_each_method_compares_is_a_row():
    (table,) = pairs(as_study({"all": KNOWN})).tables
    assert table.headings == ["method", "before", "after", "order"]
    assert table.rows == [["old", "old → old", "old → old", "random"]]
    (table,) = pairs(as_study({"a": KNOWN, "b": PANEL})).tables
    assert table.rows[0][0] == "a: old"


def test_a_merge_is_shown_with_the_size_of_its_background():
    calibrated = Pairs("old → old", "new → new", "random", "background_nearest", 1000)
    known = replace(PANEL, pairs={**KNOWN.pairs, "new": calibrated})
    (table,) = pairs(as_study({"all": known})).tables
    assert table.headings[-1] == "merge"
    assert [row[-1] for row in table.rows] == [
        "distance",
        "background_nearest, against up to 1,000 backfilled items",
    ]


def test_a_study_that_does_not_know_has_no_such_section():
    assert pairs(as_study({"all": PANEL})) is None
