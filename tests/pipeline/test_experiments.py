"""DVC's own comparisons: a grid of experiments, their parameters, metrics and plots."""

import csv
import json
from pathlib import Path

import pytest

from .conftest import ONE_WORKER, UP_TO_DATE, Project, stages_run
from .settings_files import PARAMS

pytestmark = ONE_WORKER

COLUMNS = 150  # that a person can look through


def table(project: Project, *options: str) -> list[dict[str, str]]:
    """The rows of `dvc exp show`."""
    lines = project.run("dvc", "exp", "show", "--csv", *options).splitlines()
    return list(csv.DictReader(lines))


def experiments(project: Project) -> list[dict[str, str]]:
    return [row for row in table(project) if row["typ"].startswith("branch")]


@pytest.fixture(scope="module")
def grid(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Fewer methods, and two experiments that differ in a temperature, run from the queue."""
    project = finished.copy(tmp_path_factory.mktemp("grid") / "backfill")
    project.set(PARAMS, "methods", ["old", "new", "rho", "rm"])
    project.run("backfill", "pipeline")
    printed = project.run("dvc", "repro")
    assert stages_run(printed) == ["plan", "report-overview"]  # what is left out costs nothing
    project.commit()
    project.run("dvc", "exp", "run", "--queue", "--set-param", "transform.temperature=0.1,0.3")
    project.run("dvc", "exp", "run", "--run-all", "--jobs", "1")
    return project


def test_every_combination_of_a_grid_is_an_experiment(grid: Project) -> None:
    found = experiments(grid)
    assert sorted(row["transform.temperature"] for row in found) == ["0.1", "0.3"]
    assert len({row["refined.rm.auc_map"] for row in found}) == 2
    assert len({row["as_it_is.old.auc_map"] for row in found}) == 1
    # Nothing of it has touched the workspace.
    assert grid.run("git", "status", "--short") == ""
    assert UP_TO_DATE in grid.run("dvc", "status")


def test_a_table_of_experiments_can_be_looked_through(grid: Project, finished: Project) -> None:
    assert len(table(grid)) == 4
    for project in (grid, finished):
        rows = table(project, "--all-commits")
        assert len(rows[0]) <= COLUMNS
        expected = {"dataset.name", "train.epochs", "as_it_is.old.auc_map", "refined.rm.gain"}
        assert expected <= set(rows[0])


def test_parameters_are_compared_in_readable_rows(grid: Project) -> None:
    name = next(r["Experiment"] for r in experiments(grid) if r["transform.temperature"] == "0.1")
    lines = grid.run("dvc", "params", "diff", "HEAD", name).splitlines()
    assert [line.split() for line in lines] == [
        ["Path", "Param", "HEAD", name],
        ["params.yaml", "transform.temperature", "0.2", "0.1"],
    ]
    changed = json.loads(grid.run("dvc", "params", "diff", "--json", "HEAD~2"))["params.yaml"]
    assert {"dataset.name", "presets.digits", "train.epochs", "methods"} <= set(changed)
    assert len(changed) <= 40


def test_metrics_are_compared(grid: Project) -> None:
    name = experiments(grid)[0]["Experiment"]
    changed = json.loads(grid.run("dvc", "metrics", "diff", "--json", "HEAD", name))
    (metrics,) = changed.values()
    assert {"refined.rm.auc_map", "refined.rho.auc_map"} <= set(metrics)
    assert all(key.startswith(("refined.rm.", "refined.rho.")) for key in metrics)


def test_an_experiment_can_be_applied(grid: Project, tmp_path: Path) -> None:
    name = next(r["Experiment"] for r in experiments(grid) if r["transform.temperature"] == "0.3")
    grid.run("dvc", "exp", "apply", name)
    try:
        assert "temperature: 0.3" in (grid.folder / PARAMS).read_text()
        assert UP_TO_DATE in grid.run("dvc", "status")
    finally:
        grid.run("git", "checkout", "--quiet", ".")
        grid.run("dvc", "checkout", "--force")


def test_plots_are_drawn(finished: Project, grid: Project, tmp_path: Path) -> None:
    names = [row["Experiment"] for row in experiments(grid)]
    for project, command, expected in (
        (finished, ["show"], ["rm_naive", "forward", "backfilled"]),
        (grid, ["diff", "HEAD", *names], ["rm", *names]),
    ):
        out = tmp_path / command[0]
        printed = project.run("dvc", "plots", *command, "--out", str(out))
        assert printed.strip() == f"file://{out}/index.html"
        page = (out / "index.html").read_text()
        for text in expected:
            assert text in page
