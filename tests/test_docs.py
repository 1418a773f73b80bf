"""The Python blocks of docs/ run as they stand, and print what is written below them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)
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
        else:
            exec(compile(block, page.name, "exec"), names)
            printed = capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES + sorted(ROOT.glob("*/README.md")), ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target
