"""CONTRIBUTING.md's recipes work as they are written, on a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("src", "conf", "studies", "tests", "params.yaml", "dvc.yaml", "pyproject.toml")
RECIPE = re.compile(r"^### (?P<what>.+): (?P<count>\d) files?$", re.MULTILINE)
STEP = re.compile(
    r"^`(?P<path>[^`\n]+)`[^\n]*\n\n```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)


class Step(NamedTuple):
    """A file of a recipe: its whole text, or a change of it."""

    path: str
    kind: str
    text: str


def recipes() -> dict[str, tuple[int, list[Step]]]:
    """What is added -> how many files that takes by the heading, and the files."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    headings = list(RECIPE.finditer(text))
    ends = [*(heading.start() for heading in headings[1:]), text.index("\n## Rules")]
    return {
        heading["what"]: (
            int(heading["count"]),
            [Step(*step.groups()) for step in STEP.finditer(text, heading.end(), end)],
        )
        for heading, end in zip(headings, ends, strict=True)
    }


RECIPES = recipes()


def follow(step: Step, root: Path) -> None:
    """Write a new file, or replace the lines of a change."""
    path = root / step.path
    if step.kind != "diff":
        assert not path.exists(), f"{step.path} is there already"
        path.write_text(step.text)
        return
    content, removed, added = path.read_text(), "", ""
    for line in [*step.text.splitlines(), "-"]:
        if line.startswith("-") and added:
            old, new = removed.rstrip("\n"), added.rstrip("\n")
            assert content.count(old) == 1, f"{step.path}: {old!r} {content.count(old)} times"
            content, removed, added = content.replace(old, new), "", ""
        if line.startswith("-"):
            removed += line[1:] + "\n"
        else:
            added += line[1:] + "\n"
    path.write_text(content)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def run(root: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    done = subprocess.run(
        [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_recipes_are_found() -> None:
    assert list(RECIPES) == [
        "A dataset", "A loss of transforms", "A merge", "An order", "A study",
        "A section of the report", "A format of vectors", "A check of a folder", "A measure",
        "A method without labels",
    ]  # fmt: skip
    assert [count for count, _ in RECIPES.values()] == [3, 3, 3, 3, 1, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("what", list(RECIPES))
def test_a_recipe_works_as_written(what: str, copy: Path) -> None:
    count, steps = RECIPES[what]
    assert len({step.path for step in steps}) == len(steps) == count
    for step in steps:
        follow(step, copy)
    tests = [step.path for step in steps if step.path.startswith("tests/")]
    if tests:
        run(copy, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *tests)
    else:
        printed = run(copy, "-m", "backfill.cli", "study", "gentle", "--no-run")
        assert printed.strip() == "reports/glyphs/dvc.yaml"
        assert "evaluate/gentle.json" in (copy / printed.strip()).read_text()
