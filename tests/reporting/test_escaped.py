"""Names of any origin in reports: they are shown, and never act."""

import csv as standard_csv
import io

import numpy as np
import pandas as pd
import pytest
from simulated import as_panel, as_study, at_levels

from backfill.errors import InputError
from backfill.reporting import style
from backfill.reporting.escaped import cell, markdown
from backfill.reporting.report import sentences, write_report
from backfill.reporting.section import Section, Table
from backfill.reporting.sections import sections
from backfill.reporting.spreadsheets import csv, from_csv

HOSTILE = "a|b <img src=x onerror=alert(1)> `c` *d* [e](http://f) $g$ \\ _h_ &amp;"


def study(label="rm", panel="all", **settings):
    results = {"old": at_levels(0.2, 0.2), label: at_levels(0.3, 0.6), "new": at_levels(0.5, 0.5)}
    return as_study({panel: as_panel(results)}, **settings)


def test_own_texts_stay_as_they_are():
    for text in ("rm_naive reaches 44.6 [40.1, 49.2] (81%); AUC_mAP: 1–2 → 3", "0.0 and -1.5", ""):
        assert markdown(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a", "\\# a"),
        ("- a", "\\- a"),
        ("1. a", "1\\. a"),
        ("1.5 a", "1.5 a"),
        ("a|b", "a\\|b"),
        ("<b>", "\\<b\\>"),
        ("a\nb", "a b"),
        ("[a](b)", "[a]\\(b)"),
        ("[a]: b", "\\[a]: b"),
        ("[low, high]: an interval", "[low, high]: an interval"),
        ("_a_b_", "\\_a_b\\_"),
        ("a\ud800b\x1b", "a\ufffdb\ufffd"),
    ],
)
def test_what_markdown_would_take_for_its_own_is_escaped(text, expected):
    assert markdown(text) == expected


def test_a_name_makes_no_column_and_no_line():
    table = Table("t|t", pd.DataFrame({"a|b": [HOSTILE, "x\ny"]}), note="# note")
    text = Section(id="s", title="<s>", tables=[table]).markdown()
    lines = text.splitlines()
    assert lines[0] == "# \\<s\\>"
    assert "\\# note" in lines
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 4
    for row in rows:
        assert row.replace("\\|", "").count("|") == 2
    assert cell(HOSTILE) in text
    assert "<img" not in text.replace("\\<img", "")


def test_hostile_labels_are_text_everywhere(tmp_path, monkeypatch):
    for kind in ("png", "svg"):  # other tests draw
        monkeypatch.setattr(style, kind, lambda figure: b"")
    made = study(HOSTILE, panel="<p>", dataset="<d>", notes=["<n>"], question="<q>")
    write_report(made, tmp_path, parameters={"<k>": "<v>"})
    page = (tmp_path / "page" / "index.html").read_text()
    assert "<img src=x" not in page
    assert not any(f"<{name}>" in page.replace("<p>\n", "") for name in ("d", "n", "q", "k", "v"))
    found = sentences(made, sections(made))
    assert "<" not in found.replace("\\<", "")
    read = pd.read_csv(tmp_path / "table.csv")
    assert HOSTILE in set(read["method"])


def test_formulas_are_text_in_a_spreadsheet_and_come_back(tmp_path):
    names = ["=1+1", "+a", "-b", "@c", "\td", "rm"]
    written = csv(pd.DataFrame({"method": names, "gain": [-0.5] * 6, "n": [1] * 6}))
    rows = list(standard_csv.reader(io.StringIO(written.decode())))
    assert [row[0] for row in rows[1:]] == [*(f"'{name}" for name in names[:5]), "rm"]
    assert rows[1][1:] == ["-0.5", "1"]
    assert [from_csv(row[0]) for row in rows[1:]] == names


@pytest.mark.parametrize("where", ["label", "panel", "dataset", "name", "question"])
def test_a_name_that_nothing_can_show_is_an_error(where):
    with pytest.raises(InputError, match=r"expected characters that can be printed, got 'a.ud800'"):
        study(**{where: "a\ud800"})


def test_names_of_a_dataset_are_shown_as_well_as_can_be():
    made = study(groups=np.array(["caf\udce9", "b\x00c"]), notes=["n\ud800"])
    assert made.groups.tolist() == ["caf\ufffd", "b\ufffdc"]
    assert made.notes == ["n\ufffd"]
