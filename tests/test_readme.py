"""README's numbers are those of the committed report, and it stays short."""

import re
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ROW = re.compile(
    r"^\| `(?P<method>\w+)` \|[^|]+\|[^|]+"
    r"\| (?P<auc>\S+ ± \S+) \| (?P<gain>\S+) \| (?P<map>\S+ -> \S+) \|",
    re.MULTILINE,
)


def test_the_table_of_methods_has_the_numbers_of_the_report() -> None:
    report = pd.read_csv(ROOT / "reports" / "glyphs" / "overview" / "table.csv")
    expected = {
        row.method: (
            f"{100 * row.auc_map:.1f} ± {100 * row.auc_map_std:.1f}",
            f"{100 * row.gain:.0f}%",
            f"{100 * row.map_start:.1f} -> {100 * row.map_end:.1f}",
        )
        for row in report.itertuples()
    }
    shown = {m["method"]: (m["auc"], m["gain"], m["map"]) for m in ROW.finditer(README)}
    assert shown == {method: expected[method] for method in shown}


def test_the_table_of_methods_has_those_that_are_compared_by_default() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert [m["method"] for m in ROW.finditer(README)] == params["methods"]


def test_it_stays_short() -> None:
    assert len(README.splitlines()) <= 150


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []
