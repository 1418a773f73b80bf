"""The blocks of docs/ run as they stand, and print what is written below them.

A block `console` begins with a command of `backfill`, after a `$`; its output follows.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from backfill.cli import main
from printed import LEFT_OUT, alike

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"```(python|text|console)\n(.*?)```", re.DOTALL)
# With the other tests that start a cluster.
ON_RAY = pytest.mark.xdist_group("ray")
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def test_pages_are_found() -> None:
    assert {page.stem for page in PAGES} >= {"curve", "large-galleries", "cluster"}


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[ON_RAY] if p.stem == "cluster" else [], id=p.stem) for p in PAGES],
)
def test_blocks_of_a_page_print_what_stands_below_them(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    printed = ""
    for language, block in BLOCK.findall(page.read_text()):
        if language == "text":
            assert printed == block
        elif language == "console":
            command, _, shown = block.partition("\n")
            monkeypatch.setattr(sys, "argv", command.removeprefix("$ ").split())
            with pytest.raises(SystemExit) as ended:
                main()
            assert not ended.value.code
            printed = capsys.readouterr().out
            assert alike(printed, shown), printed
        else:
            exec(compile(block, page.name, "exec"), names)
            printed = capsys.readouterr().out


def test_the_readme_shows_a_part_of_what_the_page_shows() -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    shown = [
        line for language, block in blocks if language == "text" for line in block.splitlines()
    ]
    page = (ROOT / "docs" / "forecast.md").read_text().splitlines()
    assert len(shown) > 5
    assert [line for line in shown if line not in page and line != LEFT_OUT] == []


@pytest.mark.parametrize("page", PAGES + sorted(ROOT.glob("*/README.md")), ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target
