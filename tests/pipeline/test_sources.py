"""dvc.yaml is complete: every stage depends on the sources whose change can change its output."""

import ast
from pathlib import Path

import pytest
import yaml

from backfill.artifacts import Layout
from backfill.pipeline.dvc_yaml import text

from .settings_files import ROOT, graph_of

PACKAGE = ROOT / "src" / "backfill"
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
# Checking, reading and writing, and what has done its work when the plan is written: a change here
# changes no result, and would run everything again.
PLUMBING = {
    "__init__.py",
    "arrays.py",
    "artifacts.py",
    "errors.py",
    "machine.py",
    "registry.py",
    "stages/__init__.py",
    "stages/command.py",
}
PLUMBING_FOLDERS = ("compute", "params", "pipeline", "reading", "validate")
# Rows whose properties a stage computes from, besides what the plan has written down.
ROWS = {
    "transform": {PACKAGE / "params" / "rows" / "transforms.py"},
    "order": {PACKAGE / "params" / "rows" / "orders.py"},
}


# What the stages of a folder of vectors depend on, and those of images do not.
OF_VECTORS = (PACKAGE / "vectors", PACKAGE / "judgements")


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


def is_plumbing(path: Path) -> bool:
    relative = path.relative_to(PACKAGE)
    return str(relative) in PLUMBING or relative.parts[0] in PLUMBING_FOLDERS


def sources(path: Path) -> set[Path]:
    """Everything that a file reaches through imports, itself included, plumbing left out.

    A package whose modules register themselves reaches all of them.
    """
    reached: set[Path] = set()
    left = [path]
    while left:
        file = left.pop()
        if file in reached or is_plumbing(file):
            continue
        reached.add(file)
        left += imports(file)
        if "Registry(" in file.read_text():
            left += file.parent.rglob("*.py")
    return reached


def module_of(stage: str) -> str:
    """`report-overview` is the stage report."""
    return stage.partition("-")[0]


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "plan"])
def test_a_stage_depends_on_the_sources_it_uses(stage: str) -> None:
    rules = STAGES[stage].get("do", STAGES[stage])
    declared = [ROOT / d for d in rules["deps"] if d.startswith("src/")]
    assert all(path.exists() for path in declared)
    used = sources(PACKAGE / "stages" / f"{module_of(stage)}.py")
    declared += OF_VECTORS
    missing = {f for f in used if not any(d == f or d in f.parents for d in declared)}
    assert {str(f.relative_to(ROOT)) for f in missing} == set()


@pytest.mark.parametrize("stage", ["split", "read"])
def test_a_stage_of_vectors_depends_on_the_folder_and_on_what_reads_it(stage: str) -> None:
    stages = yaml.safe_load(text(Layout(), graph_of(["embeddings"])[1]))["stages"]
    deps = stages[stage].get("do", stages[stage])["deps"]
    assert "${dataset.root}" in deps
    declared = [ROOT / d for d in deps if d.startswith("src/")]
    used = sources(PACKAGE / "stages" / f"{stage}.py")
    missing = {f for f in used if not any(d == f or d in f.parents for d in declared)}
    assert {str(f.relative_to(ROOT)) for f in missing} == set()
    assert all(any(d == f or d in f.parents for f in used) for d in declared)


@pytest.mark.parametrize("stage", list(STAGES))
def test_a_stage_depends_on_no_source_that_it_does_not_use(stage: str) -> None:
    rules = STAGES[stage].get("do", STAGES[stage])
    settings = {PACKAGE / name for name in ("params", "pipeline", "datasets")}
    used = settings if stage == "plan" else set(ROWS.get(stage, ()))
    used |= sources(PACKAGE / "stages" / f"{module_of(stage)}.py")
    for name in (d for d in rules["deps"] if d.startswith("src/")):
        path = ROOT / name
        assert any(path == file or path in file.parents for file in used), name


@pytest.mark.parametrize("stage", list(ROWS))
def test_a_stage_depends_on_the_rows_that_it_computes_from(stage: str) -> None:
    assert {str(file.relative_to(ROOT)) for file in ROWS[stage]} <= set(STAGES[stage]["do"]["deps"])


def test_the_plan_depends_on_what_settings_mean() -> None:
    # What a setting is by default stands in the plan, those of datasets too.
    deps = STAGES["plan"]["deps"]
    assert {"src/backfill/params", "src/backfill/pipeline", "src/backfill/datasets"} <= set(deps)


@pytest.mark.parametrize("stage", list(STAGES))
def test_a_stage_is_the_file_of_its_name(stage: str) -> None:
    rules = STAGES[stage].get("do", STAGES[stage])
    assert (PACKAGE / "stages" / f"{module_of(stage)}.py").exists()
    assert rules["cmd"].split()[:3] == ["python", "-m", f"backfill.stages.{module_of(stage)}"]


def test_no_stage_reads_params_yaml_but_the_plan() -> None:
    for stage, rules in STAGES.items():
        rules = rules.get("do", rules)
        assert "params.yaml" not in rules["deps"]
        if stage == "plan":
            assert rules["params"] == [{"params.yaml": None}]
        else:
            assert "params" not in rules
            assert rules["deps"][0].startswith("data/main/plan/")


def test_dvc_reports_nothing_to_anyone() -> None:
    assert "analytics = false" in (ROOT / ".dvc" / "config").read_text()
