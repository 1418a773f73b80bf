"""A table.csv that somebody has changed is one error, at once."""

from pathlib import Path

import pytest

from backfill.errors import InputError
from backfill.reporting.__main__ import show

TABLE = Path(__file__).parents[3] / "reports" / "main" / "overview" / "table.csv"
HEADING, FIRST, *OTHERS = TABLE.read_text().splitlines()

WRONG = {
    "no file": (None, "got no file; `dvc repro report` makes it"),
    "a line of something else": ([HEADING, FIRST, "PAR1"], "method: expected a name in each row"),
    "many columns": (["," * 300_000, FIRST], "got: 300,001 columns in row 0"),
    "a wide row": ([HEADING, FIRST + "," * 300], "columns in row 1"),
    "many rows": ([HEADING, *[FIRST] * 1_001], "got: more than 1,000 rows"),
    "a long cell": ([HEADING, FIRST + "x" * 2_000], "a cell of more than 1,000 characters"),
    "a huge file": ([HEADING, *[FIRST] * 20_000], "of at most 1,048,576 bytes"),
    "text for a number": ([HEADING, FIRST.replace("0.24212", "x")], "auc_map': expected numbers"),
    "other columns": (["a,b", "1,2"], "expected the table of a report, got KeyError"),
    "nothing": ([], "expected the table of a report, got: No columns"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_table_that_is_none_is_named(case: str, tmp_path: Path) -> None:
    lines, message = WRONG[case]
    path = tmp_path / "table.csv"
    if lines is not None:
        path.write_text("\n".join(lines))
    with pytest.raises(InputError) as caught:
        show(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_committed_table_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "table.csv").write_text(TABLE.read_text())
    show(tmp_path)
    assert "rm_naive" in capsys.readouterr().out
