"""dvc.yaml is complete: every stage depends on the sources whose change can change its output."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "backfill"
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
# Reading, checking and writing: a change here changes no result, and would rerun everything.
PLUMBING = {"errors.py", "params.py", "artifacts.py", "stages/command.py", "machine.py"} | {
    f"compute/{path.name}" for path in (PACKAGE / "compute").glob("*.py")
}


def module_file(name: str) -> Path | None:
    """The file of a module of this package, or of a package itself."""
    path = ROOT / "src" / Path(*name.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists()), None)


def imports(path: Path) -> set[Path]:
    """Files of this package that a file names in its imports, inside functions as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # from package import module, or from module import name
            names = [
                inner if module_file(inner := f"{node.module}.{alias.name}") else node.module
                for alias in node.names
            ]
        found |= {file for n in names if n.startswith("backfill") and (file := module_file(n))}
    return found


def sources(path: Path) -> set[Path]:
    """Everything that a file reaches through imports, itself included, plumbing left out."""
    reached, left = set(), [path]
    while left:
        file = left.pop()
        if file not in reached and str(file.relative_to(PACKAGE)) not in PLUMBING:
            reached.add(file)
            left += imports(file)
    return reached


@pytest.mark.parametrize("stage", [s for s in STAGES if s != "check"])
def test_a_stage_depends_on_the_sources_it_uses(stage: str) -> None:
    rules = STAGES[stage].get("do", STAGES[stage])
    declared = [ROOT / d for d in rules["deps"] if d.startswith("src/")]
    used = sources(PACKAGE / "stages" / f"{stage}.py")
    missing = {f for f in used if not any(d == f or d in f.parents for d in declared)}
    assert {str(f.relative_to(ROOT)) for f in missing} == set()


@pytest.mark.parametrize("stage", list(STAGES))
def test_a_stage_is_the_file_of_its_name(stage: str) -> None:
    rules = STAGES[stage].get("do", STAGES[stage])
    assert (PACKAGE / "stages" / f"{stage}.py").exists()
    assert rules["cmd"].split()[:3] == ["python", "-m", f"backfill.stages.{stage}"]


def test_nothing_waits_for_nothing_but_the_check() -> None:
    assert STAGES["check"]["deps"] == ["params.yaml"]
    assert "data/params.checked" in STAGES["split"]["deps"]


def test_dvc_reports_nothing_to_anyone() -> None:
    assert "analytics = false" in (ROOT / ".dvc" / "config").read_text()
