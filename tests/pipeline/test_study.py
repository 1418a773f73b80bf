"""A study beside the main comparison: a workspace of its own, made by the same stages."""

import json
import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from backfill.artifacts import Layout
from backfill.cli import app
from backfill.errors import InputError

from .conftest import ONE_WORKER, UP_TO_DATE, Project, stages_run
from .settings_files import PARAMS, ROOT, copy_settings

METHODS = ["old", "new", "rank_fusion", "rm"]


def outputs(folder: Path, workspace: str) -> dict[str, dict[str, str]]:
    """Stage -> output -> hash, from a lock file."""
    stages = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    return {
        name: {out["path"].replace(f"data/{workspace}/", ""): out["md5"] for out in stage["outs"]}
        for name, stage in stages.items()
        if name != "plan"
    }


@ONE_WORKER
def test_a_study_and_the_main_comparison_are_up_to_date_at_once(studied: Project) -> None:
    assert UP_TO_DATE in studied.run("dvc", "status")
    workspace = studied.folder / "reports" / "digits"
    assert sorted(path.name for path in workspace.iterdir()) == [
        "dvc.lock", "dvc.yaml", "mine", "params.yaml",
    ]  # fmt: skip
    report = workspace / "mine"
    assert (report / "page" / "index.html").stat().st_size > 1000
    table = (report / "table.md").read_text()
    assert all(name in table for name in METHODS)
    assert not (studied.folder / "reports" / "main" / "mine").exists()
    for target in ([], ["reports/digits/dvc.yaml:report-mine"]):
        printed = studied.run("dvc", "repro", *target)
        assert UP_TO_DATE in printed
        assert stages_run(printed) == []
    assert studied.run("git", "status", "--short") == ""


@ONE_WORKER
def test_the_same_seed_gives_the_same_bytes(studied: Project) -> None:
    # Both have made these, each by itself: from images through encoders to curves.
    main = outputs(studied.folder, "main")
    study = outputs(studied.folder / "reports" / "digits", "digits")
    both = set(main) & set(study)
    assert {"split", "train@new", "embed@new", "transform@rm", "order@random", "evaluate@rm"} < both
    for stage in both - {"split"}:
        assert main[stage] == study[stage], stage
    assert main["split"].items() <= study["split"].items()


@ONE_WORKER
def test_the_same_study_again_does_nothing(studied: Project) -> None:
    printed = studied.run("backfill", "study", "mine")
    assert stages_run(printed) == []
    assert "rank_fusion" in printed
    assert studied.run("git", "status", "--short") == ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy_settings(tmp_path)
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> str:
    """Run the command line in this process; mistakes are raised."""
    found = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    if isinstance(found.exception, SystemExit) and found.exit_code == 1:
        raise InputError(str(found.exception).removeprefix("error: "))
    assert found.exit_code == 0, found.output
    return found.output


def study(*arguments: str) -> None:
    call("study", *arguments, "--no-run")


def test_a_workspace_has_the_parameters_that_are_asked_for(folder: Path) -> None:
    before = (folder / PARAMS).read_bytes()
    study("losses", "dataset=digits", "seeds=[0]")
    assert (folder / PARAMS).read_bytes() == before
    assert not (folder / "dvc.yaml").exists()
    text = (folder / "reports/digits/params.yaml").read_text()
    values = yaml.safe_load(text)
    assert (values["dataset"]["name"], values["seeds"]) == ("digits", [0])
    assert "# Augmented views of each training image" in text
    assert "report-losses:" in (folder / "reports/digits/dvc.yaml").read_text()


def test_studies_of_a_dataset_share_a_workspace(folder: Path) -> None:
    study("losses", "dataset=digits")
    study("arrivals")  # of the dataset of params.yaml
    study("arrivals", "dataset=digits")
    stages = yaml.safe_load((folder / "reports/digits/dvc.yaml").read_text())["stages"]
    assert {"report-losses", "report-arrivals"} <= set(stages)
    assert stages["plan"]["cmd"].endswith("plan losses arrivals --workspace digits")
    stages = yaml.safe_load((folder / "reports/glyphs/dvc.yaml").read_text())["stages"]
    assert "report-losses" not in stages


def test_a_workspace_may_have_a_name_of_its_own(folder: Path) -> None:
    study("losses", "dataset=digits", "threads=1", "--workspace", "one_thread")
    values = yaml.safe_load((folder / "reports/one_thread/params.yaml").read_text())
    assert values["threads"] == 1
    study("losses", "dataset=digits")
    assert yaml.safe_load((folder / "reports/digits/params.yaml").read_text())["threads"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lossse"], r"study: expected a study, got 'lossse'; .*did you mean 'losses'\?"),
        (["losses", "dataset=nonsense"], "dataset=nonsense: expected presets of conf"),
        (["losses", "train.epochs=x"], "reports/glyphs/params.yaml: train.epochs: expected an int"),
        (["losses", "--workspace", "../x"], "--workspace: expected lower-case letters"),
        (["losses", "--workspace", "main"], "--workspace: expected another name, got 'main'"),
    ],
)
def test_a_wrong_study_is_refused_and_leaves_nothing(
    folder: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        study(*arguments)
    assert not (folder / "reports").exists()


def test_other_parameters_than_the_workspaces_are_refused(folder: Path) -> None:
    study("losses", "dataset=digits")
    before = (folder / "reports/digits/params.yaml").read_bytes()
    with pytest.raises(InputError, match=r"reports/digits/params\.yaml: train\.epochs: expected 9"):
        study("losses", "dataset=digits", "train.epochs=9")
    assert (folder / "reports/digits/params.yaml").read_bytes() == before
    study("losses", "dataset=digits")


def test_presets_are_written_with_the_pipeline_that_they_need(folder: Path) -> None:
    call("params", "dataset=digits", "methods=[old,new,rm_naive]")
    stages = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    assert list(stages["evaluate"]["foreach"]) == ["old", "new", "rm_naive"]
    assert yaml.safe_load((folder / PARAMS).read_text())["dataset"]["name"] == "digits"
    assert call("pipeline").strip() == "dvc.yaml"


def test_costs_of_nothing_are_a_mistake(folder: Path) -> None:
    with pytest.raises(InputError, match="data/main/costs: expected what stages cost, got nothing"):
        call("costs")


def test_a_cost_file_of_any_name_is_printed(folder: Path) -> None:
    cost = {"wall_s": 3.0, "peak_gib": 1.0, "items_per_s": 2.0, "unit": "\ud800"}
    path = Layout().cost("train", os.fsdecode(b"\xff"))
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(cost))
    assert call("costs").splitlines()[1].split()[:2] == ["train", "1"]


def test_costs_are_of_all_draws_whatever_the_workspace_is_called(folder: Path) -> None:
    cost = {"wall_s": 3.0, "peak_gib": 1.0, "items_per_s": 2.0, "items": 6, "unit": "images"}
    for draw in (0, 1):
        path = Layout("costs", draw=draw).cost("train", "new")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(cost))
    heading, train = call("costs", "--workspace", "costs").splitlines()
    assert heading.split()[:2] == ["stage", "runs"]
    assert train.split()[:2] == ["train", "2"]
