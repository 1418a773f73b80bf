"""The pipeline as a user meets it: runs, reruns, mistakes, kills."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest
import yaml

from .conftest import ONE_WORKER, UP_TO_DATE, Project, stages_run
from .settings_files import OVERVIEW, PARAMS

pytestmark = ONE_WORKER

COMPATIBLE = "studies/compatible.yaml"
REPORT = "report-overview"


def changed_stages(project: Project) -> set[str]:
    """The stages that a change puts out of date, less what follows them."""
    project.run("dvc", "repro", "plan")
    return set(json.loads(project.run("dvc", "status", "--json")))


def test_a_second_repro_does_nothing(finished: Project) -> None:
    printed = finished.run("dvc", "repro")
    assert UP_TO_DATE in printed
    assert stages_run(printed) == []
    assert finished.run("git", "status", "--short") == ""


def test_the_report_is_complete(finished: Project) -> None:
    report = finished.folder / "reports" / "main" / "overview"
    panels = json.loads((report / "metrics.json").read_text())
    metrics = panels["refined"] | panels["as_it_is"]
    assert set(metrics) == set(yaml.safe_load((finished.folder / PARAMS).read_text())["methods"])
    for name, values in metrics.items():
        assert 0 < values["auc_map"] <= 1, name
        assert 0 < values["auc_cmc_1"] <= 1, name
    without_gain = {name for name, values in metrics.items() if "gain" not in values}
    assert without_gain == {"old", "new", "rho"}  # it is 0 or 1 of the references
    for name in ("table.md", "table.csv", "metrics.json", "curves.csv", "map.png",
                 "page/index.html"):  # fmt: skip
        assert (report / name).stat().st_size > 100, name
    page = (report / "page" / "index.html").read_text()
    assert "digits" in page
    for name in metrics:
        assert name in page
        assert name in (report / "table.md").read_text()
    shown = finished.run("backfill", "show")
    assert "rm_naive" in shown
    assert f"file://{report}/page/index.html" in shown


def test_rank_merge_of_untouched_systems_goes_from_one_to_the_other(finished: Project) -> None:
    path = finished.folder / "reports" / "main" / "overview" / "curves.csv"
    header, *lines = [line.split(",") for line in path.read_text().splitlines()]
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    ends = {}
    for name in ("old", "new", "rm_naive"):
        curve = sorted((float(r["fraction"]), float(r["map"])) for r in rows if name in r.values())
        ends[name] = curve[0][1], curve[-1][1]
    assert ends["rm_naive"][0] == pytest.approx(ends["old"][0], abs=2e-6)
    assert ends["rm_naive"][1] == pytest.approx(ends["new"][1], abs=2e-6)


def test_every_stage_says_what_it_cost_and_dvc_does_not_know(finished: Project) -> None:
    lock = (finished.folder / "dvc.lock").read_text()
    assert "costs" not in lock
    assert "costs" not in (finished.folder / "dvc.yaml").read_text()
    folder = finished.folder / "data" / "main" / "costs"
    stages = set(yaml.safe_load(lock)["stages"]) - {"plan"}
    assert len(stages) > 20
    for stage in stages:
        cost = json.loads(
            (folder / f"{stage.replace('@', '/').replace('-', '/')}.json").read_text()
        )
        assert 0.01 < cost["wall_s"] < 600
        assert 0.02 < cost["peak_gib"] < 20
        assert cost["items"] > 0
        assert cost["items_per_s"] > 0
    shown = finished.run("backfill", "costs")
    for stage in ("split", "train", "embed", "transform", "order", "evaluate", "report"):
        assert stage in shown


@pytest.mark.parametrize(
    ("file", "key", "value", "expected"),
    [
        (PARAMS, "evaluate.checkpoints", 6, {"evaluate", REPORT}),
        (OVERVIEW, "encoders.bct.bct_weight", 2.0, {"train@bct", REPORT}),
    ],
)
def test_a_parameter_changes_only_what_uses_it(
    copy: Project, file: str, key: str, value: object, expected: set[str]
) -> None:
    made = yaml.safe_load((copy.folder / "dvc.lock").read_text())["stages"]
    copy.set(file, key, value)
    changed = changed_stages(copy)
    assert changed == {s for s in made if s in expected or s.partition("@")[0] in expected}
    assert len(changed) >= len(expected)


def test_where_the_work_runs_and_other_studies_change_nothing(copy: Project) -> None:
    copy.set(PARAMS, "compute.workers", 2)
    copy.set(COMPATIBLE, "encoders.ract.temperature", 0.1)
    assert changed_stages(copy) == set()


def test_a_methods_row_changes_its_evaluation_alone(copy: Project) -> None:
    copy.set(OVERVIEW, "methods.rm.before", "forward/rho -> old")
    printed = copy.run("dvc", "repro", fails=True)
    assert stages_run(printed) == ["plan"]
    assert "error: dvc.yaml: evaluate: expected the rows that params.yaml and studies/" in printed
    assert "Traceback" not in printed
    copy.run("backfill", "pipeline")
    assert stages_run(copy.run("dvc", "repro")) == ["plan", "evaluate@rm", REPORT]


def test_a_mistake_stops_everything_with_one_error(copy: Project) -> None:
    copy.edit(PARAMS, "checkpoints: 11", "checkpionts: 11")
    printed = copy.run("dvc", "repro", fails=True)
    assert "error: 2 mistakes" in printed
    assert "params.yaml: evaluate.checkpionts: unknown key" in printed
    assert "did you mean 'checkpoints'?" in printed
    assert "params.yaml: evaluate.checkpoints: missing" in printed
    assert "Traceback" not in printed
    assert stages_run(printed) == ["plan"]
    copy.edit(PARAMS, "checkpionts: 11", "checkpoints: 11")
    copy.edit(OVERVIEW, "loss: bct,", "loss: btc,")
    printed = copy.run("dvc", "repro", fails=True)
    assert "error: studies/overview.yaml: encoders.bct.loss: expected a known loss" in printed
    assert stages_run(printed) == ["plan"]


def test_a_second_preset_is_refused(copy: Project) -> None:
    printed = copy.run("dvc", "exp", "run", "--set-param", "dataset=cifar100", fails=True)
    assert "expected one dataset's preset, got cifar100 on top of digits" in printed
    assert "Traceback" not in printed


def test_a_report_made_again_is_the_same(copy: Project) -> None:
    copy.run("dvc", "repro", "--force", "--single-item", REPORT)
    assert copy.run("dvc", "metrics", "diff") == ""
    assert copy.run("git", "status", "--short") == ""
    assert UP_TO_DATE in copy.run("dvc", "status")


def test_a_killed_stage_leaves_nothing_and_repro_goes_on(copy: Project) -> None:
    copy.set(OVERVIEW, "encoders.old.epochs", 40)
    copy.run("dvc", "repro", "plan")
    lock = (copy.folder / "dvc.lock").read_bytes()
    process = subprocess.Popen(
        ["dvc", "repro", "--single-item", "train@old"],
        cwd=copy.folder,
        env=copy.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    checkpoint = copy.folder / ".checkpoints" / "main" / "old" / "checkpoint.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert checkpoint.exists()
    weights = copy.folder / "data" / "main" / "encoders" / "old" / "weights.safetensors"
    assert not weights.exists()
    assert (copy.folder / "dvc.lock").read_bytes() == lock

    copy.run("dvc", "repro", "--single-item", "train@old")
    resumed = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert not checkpoint.exists()
    copy.run("dvc", "repro", "--single-item", "--force", "train@old")
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == resumed


def test_a_full_disk_is_one_error_and_leaves_nothing(copy: Project) -> None:
    # A limit of 4 KiB on the size of a file fails in the middle of a write, as a full disk does.
    folder = copy.folder / "data" / "main" / "transforms"
    shutil.rmtree(folder / "fct")
    command = "ulimit -f 4; python -m backfill.stages.transform fct"
    printed = copy.run("bash", "-c", command, fails=True)
    assert "error: data/main/transforms/" in printed
    assert "cannot be written" in printed
    assert "Traceback" not in printed
    assert not (folder / "fct").exists()
    assert not list(folder.glob(".*"))
