"""The pipeline as a user meets it: runs, reruns, diffs, kills."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from backfill.params import load

from .conftest import ONE_WORKER, TARGET, Project

pytestmark = ONE_WORKER


def changed_stages(project: Project) -> set[str]:
    """The stages that a changed parameter or source puts out of date, less what follows them."""
    return set(json.loads(project.run("dvc", "status", "--json", "--with-deps", TARGET)))


def set_parameter(project: Project, *path: str, value: object) -> None:
    """Write one value into params.yaml."""
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    section: Any = params
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


@pytest.fixture
def clone(finished: Project, tmp_path: Path) -> Project:
    """A clone with the finished project's outputs in place."""
    project = finished.clone(tmp_path / "clone")
    project.run("dvc", "config", "--local", "cache.dir", str(finished.folder / ".dvc" / "cache"))
    project.run("dvc", "checkout", "--with-deps", TARGET)
    return project


def test_a_second_repro_does_nothing(finished: Project) -> None:
    printed = finished.run("dvc", "repro", TARGET)
    assert "Data and pipelines are up to date." in printed
    assert "Running stage" not in printed


def test_the_report_is_complete(finished: Project) -> None:
    report = finished.folder / "reports" / "digits" / "overview"
    metrics = json.loads((report / "metrics.json").read_text())
    methods = yaml.safe_load((finished.folder / "params.yaml").read_text())["methods"]
    assert list(metrics) == [m for m, row in methods.items() if row["study"] == "overview"]
    for values in metrics.values():
        assert {
            "auc_map", "auc_cmc_1", "auc_cmc_5", "gain", "map_start", "map_end", "worst_step",
            "nfr_1_max", "nfr_1_mean", "conditions", "ci", "seed_std",
        } <= set(values)  # fmt: skip
    assert metrics["old"]["gain"] == 0
    assert metrics["new"]["gain"] == 1
    # Rank merge of two untouched systems starts at the one and ends at the other.
    naive, old, new = (metrics[name] for name in ("rm_naive", "old", "new"))
    assert naive["map_start"] == pytest.approx(old["map_start"], abs=2e-6)
    assert naive["map_end"] == pytest.approx(new["map_end"], abs=2e-6)
    assert naive["conditions"]["starts_at_old"]
    assert naive["conditions"]["ends_at_new"]
    for name in ("table.md", "table.csv", "curves.csv", "map.png", "cmc_1.png", "nfr_1.png",
                 "distances.png", "index.html"):  # fmt: skip
        assert (report / name).stat().st_size > 100, name
    assert "rm_naive" in finished.run("python", "-m", "backfill.reporting")


def test_every_stage_says_what_it_cost(finished: Project) -> None:
    lock = yaml.safe_load((finished.folder / "dvc.lock").read_text())["stages"]
    params = load(finished.folder / "params.yaml")
    before = {"@".join(stage) for stage in params.stages_of("overview")}
    assert before == set(lock) - {"check", TARGET}
    costs = finished.folder / "data" / "digits" / "costs"
    page = (finished.folder / "reports" / "digits" / "overview" / "index.html").read_text()
    for stage in lock:
        cost = json.loads((costs / f"{stage.replace('@', '/')}.json").read_text())
        assert 0.01 < cost["wall_s"] < 600
        assert 0.02 < cost["peak_gib"] < 20
        assert cost["items"] > 0
        assert cost["items_per_s"] > 0
    assert "What it cost" in page
    assert cost["machine"] in page
    shown = finished.run("dvc", "metrics", "show", "--json", "data/digits/costs/train/old.json")
    assert '"unit": "images"' in shown


@pytest.mark.parametrize(
    ("path", "value", "stages"),
    [
        (["evaluate", "checkpoints"], 6, "evaluate"),
        (["encoders", "bct", "bct_weight"], 2.0, "train@bct"),
        (["encoders", "ract", "temperature"], 0.1, None),  # of another study
        (["report", "bootstrap_resamples"], 10, None),
        (["transform", "views"], "same", "transform"),
        (["splits", "extended_class", "fraction"], 0.3, "split"),
    ],
)
def test_a_parameter_changes_only_what_uses_it(
    clone: Project, path: list[str], value: object, stages: str | None
) -> None:
    made = yaml.safe_load((clone.folder / "dvc.lock").read_text())["stages"]
    set_parameter(clone, *path, value=value)
    # params.yaml itself is what `check` and the report look at.
    changed = changed_stages(clone) - {"check", TARGET}
    if stages is None:
        assert changed == set()
    else:
        assert changed == {s for s in made if s == stages or s.startswith(f"{stages}@")}
        assert changed


def test_a_methods_row_changes_its_evaluation_alone(clone: Project) -> None:
    set_parameter(clone, "methods", "rm", "before", "query", value="forward/rho")
    assert changed_stages(clone) - {"check", TARGET} == {"evaluate@rm"}
    printed = clone.run("dvc", "repro", TARGET)
    ran = {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}
    assert ran == {"check", "evaluate@rm", TARGET}


def test_a_mistake_in_params_stops_everything_with_one_error(clone: Project) -> None:
    clone.edit("params.yaml", "checkpoints: 11", "checkpionts: 11")
    printed = clone.run("dvc", "repro", TARGET, fails=True)
    assert "evaluate.checkpionts: unknown key" in printed
    assert "did you mean 'checkpoints'?" in printed
    assert "Traceback" not in printed
    assert "Running stage 'evaluate" not in printed


def test_dvcs_own_comparisons_show_something(clone: Project) -> None:
    clone.edit("params.yaml", "checkpoints: 11", "checkpoints: 6")
    clone.run("dvc", "repro", TARGET)
    assert "evaluate.checkpoints" in clone.run("dvc", "params", "diff")
    metrics = clone.run("dvc", "metrics", "diff", "--all")
    assert "rm.auc_map" in metrics
    assert "digits" in clone.run("dvc", "exp", "show", "--csv", "--all-commits")
    for command in (["show"], ["diff", "HEAD"]):
        out = clone.folder / f"plots_{command[0]}"
        clone.run("dvc", "plots", *command, "--out", str(out))
        page = (out / "index.html").read_text()
        assert "rm_naive" in page
        assert "loss" in page


def test_the_same_seed_gives_the_same_bytes(finished: Project, tmp_path: Path) -> None:
    # One way through the DAG, with nothing cached: encoder, compatible encoder, transform, curve.
    again = finished.clone(tmp_path / "again")
    before = yaml.safe_load((again.folder / "dvc.lock").read_text())["stages"]
    again.run("dvc", "repro", "evaluate@bict")
    after = yaml.safe_load((again.folder / "dvc.lock").read_text())["stages"]
    for stage in ("split", "train@old", "train@bct", "embed@bct", "transform@bict", "order@random",
                  "evaluate@bict"):  # fmt: skip
        assert outputs(after[stage]) == outputs(before[stage]), stage


def outputs(stage: dict[str, Any]) -> list[Any]:
    """What a stage makes, less what it cost."""
    return [out for out in stage["outs"] if "/costs/" not in out["path"]]


def test_a_killed_stage_leaves_nothing_and_repro_goes_on(clone: Project) -> None:
    set_parameter(clone, "encoders", "new", "epochs", value=60)
    lock = (clone.folder / "dvc.lock").read_bytes()
    process = subprocess.Popen(
        ["dvc", "repro", "--single-item", "train@new"],
        cwd=clone.folder,
        env=clone.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    checkpoint = clone.folder / ".checkpoints" / "digits" / "new" / "checkpoint.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert checkpoint.exists()
    weights = clone.folder / "data" / "digits" / "encoders" / "new" / "weights.safetensors"
    assert not weights.exists()
    assert (clone.folder / "dvc.lock").read_bytes() == lock

    clone.run("dvc", "repro", "--single-item", "train@new")
    resumed = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert not checkpoint.exists()
    clone.run("dvc", "repro", "--single-item", "--force", "train@new")
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == resumed


def test_a_full_disk_is_one_error_and_leaves_nothing(clone: Project) -> None:
    # A limit on file size fails in the middle of a write, as a full disk does.
    code = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        "sys.argv = ['transform', 'fct']; "
        "runpy.run_module('backfill.stages.transform', run_name='__main__')"
    )
    folder = clone.folder / "data" / "digits" / "transforms"
    shutil.rmtree(folder / "fct")
    printed = clone.run("python", "-c", code, fails=True)
    assert "cannot be written" in printed
    assert "Traceback" not in printed
    assert not (folder / "fct").exists()
    assert not list(folder.glob(".*"))
