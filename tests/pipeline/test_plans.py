"""A setting changes the plans of the stages that read it, and no other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.params import MAIN
from backfill.pipeline.dvc_yaml import write
from backfill.pipeline.plans import PLANS, ReportPlan, TrainPlan, TransformPlan, plans
from backfill.stages.command import read_plan
from backfill.stages.plan import plan as write_plans

from .settings_files import OVERVIEW, PARAMS, ROOT, STUDIES, copy_settings, graph_of, set_value

COMPATIBLE = "studies/compatible.yaml"
ALL = ("train", "embed", "transform", "order", "evaluate")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy_settings(tmp_path)
    return tmp_path


def texts(folder: Path, *studies: str) -> dict[str, str]:
    """stage/row -> what is in its plan; draws after the first are stage/row/draw."""
    found = plans(*graph_of(studies or [MAIN], folder))
    return {
        "/".join([*stage, *([str(draw)] if draw else [])]): plan.model_dump_json()
        for (draw, stage), plan in found.items()
    }


def of_first_draw(*graph: Any) -> dict[tuple[str, ...], Any]:
    return {stage: plan for (draw, stage), plan in plans(*graph).items() if draw == 0}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}


@pytest.mark.parametrize(
    ("file", "key", "value", "expected"),
    [
        (PARAMS, "dataset", {"name": "glyphs", "seed": 3}, ["split"]),
        (PARAMS, "train.epochs", 3, ["train"]),
        (PARAMS, "train.network.width", 3, ["train"]),
        (PARAMS, "train.augment.flip", True, ["train", "embed"]),
        (PARAMS, "embed.views", 5, ["embed"]),
        (PARAMS, "transform.temperature", 0.1, ["transform"]),
        (PARAMS, "transform.views", "same", ["transform"]),
        (PARAMS, "evaluate.checkpoints", 6, ["evaluate"]),
        (PARAMS, "report.bootstrap_resamples", 10, []),
        (PARAMS, "scale", "paper", []),
        (PARAMS, "seeds", [0, 1, 3], ["transform", "order", "evaluate"]),
        (PARAMS, "device", "cpu", ["train", "embed", "transform"]),
        (PARAMS, "threads", 1, ALL),
        (OVERVIEW, "splits.extended_class.fraction", 0.3, ["split"]),
        (OVERVIEW, "encoders.old.seeds", [9], ["train/old"]),
        (OVERVIEW, "encoders.bct.bct_weight", 2.0, ["train/bct"]),
        (OVERVIEW, "encoders.bct.epochs", 2, ["train/bct"]),
        (OVERVIEW, "transforms.rm.depth", 2, ["transform/rm", "transform/forward"]),
        (OVERVIEW, "transforms.forward.seeds", [5], ["transform/forward"]),
        (OVERVIEW, "orders.random", {"kind": "least_confidence", "embeddings": "old"}, ["order"]),
        (OVERVIEW, "methods.rm.before", "forward/rho -> old", ["evaluate/rm"]),
        (OVERVIEW, "methods.rm.merge", "isotonic", ["evaluate/rm"]),
        (OVERVIEW, "methods.rm.arrivals", 0.5, ["evaluate/rm"]),
        (OVERVIEW, "question", "Which?", []),
    ],
)
def test_a_setting_changes_the_plans_of_the_stages_that_read_it(
    folder: Path, file: str, key: str, value: object, expected: list[str]
) -> None:
    before = texts(folder)
    set_value(folder / file, key, value)
    found = changed(before, texts(folder))
    # The page of the report shows all settings.
    reading = {
        name for name in before if any(name == e or name.startswith(f"{e}/") for e in expected)
    }
    assert bool(reading) == bool(expected)
    assert found - {"report/overview"} == reading
    if "orders" not in key:  # the page leaves orders out
        assert "report/overview" in found


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        (PARAMS, "compute.workers", 3),  # where the work runs
        (COMPATIBLE, "encoders.ract.temperature", 0.1),  # of another study
        (OVERVIEW, "encoders.spare", {"like": "old", "seeds": [7]}),  # that no method needs
        (OVERVIEW, "encoders.old.seeds", [0, 7]),  # `draws` asks for the first one
        (
            OVERVIEW,
            "methods.spare",
            {"like": "rm", "panel": "refined"},
        ),  # that params.yaml does not list
    ],
)
def test_some_settings_change_no_plan(folder: Path, file: str, key: str, value: object) -> None:
    before = texts(folder)
    set_value(folder / file, key, value)
    assert texts(folder) == before


def test_a_label_is_the_reports_alone(folder: Path) -> None:
    set_value(folder / "studies/losses.yaml", "compare", [])
    before = texts(folder, "losses")
    set_value(folder / "studies/losses.yaml", "methods.rm_rqt.label", "query transform")
    assert changed(before, texts(folder, "losses")) == {"report/losses"}


def test_a_method_less_is_its_own_plans_less(folder: Path) -> None:
    before = texts(folder)
    methods = [name for name in graph_of([MAIN], folder)[0].params.methods if name != "forward"]
    set_value(folder / PARAMS, "methods", methods)
    after = texts(folder)
    assert set(before) - set(after) == {"transform/forward", "evaluate/forward"}
    assert changed(before, after) == {"transform/forward", "evaluate/forward", "report/overview"}


def test_a_plan_has_the_overrides_of_its_row(folder: Path) -> None:
    set_value(folder / OVERVIEW, "encoders.new.epochs", 77)
    set_value(folder / OVERVIEW, "transforms.fct.width", 33)
    set_value(folder / OVERVIEW, "transforms.fct.seeds", [9])
    found = of_first_draw(*graph_of([MAIN], folder))
    assert found["train", "new"].train.epochs == 77
    assert found["train", "old"].train.epochs != 77
    assert (found["transform", "fct"].training.width, found["transform", "fct"].seeds) == (33, [9])
    assert found["transform", "rm"].seeds == [0, 1, 2]


def test_another_draw_has_other_seeds_and_leaves_the_first_one_alone(folder: Path) -> None:
    before = texts(folder)
    set_value(folder / PARAMS, "draws", 2)
    set_value(folder / OVERVIEW, "encoders.bct.seeds", [2])
    after = texts(folder)
    assert {name for name in changed(before, after) if not name.endswith("/1")} == {
        "report/overview"
    }
    # Everything but what is made from the only draw of bct.
    again = {name for name in before if name.partition("/")[0] not in ("split", "embed", "report")}
    once = {"train/bct", "transform/bict", "evaluate/bct", "evaluate/bict"}
    assert {f"{name}/1" for name in again - once} == set(after) - set(before)
    found = plans(*graph_of([MAIN], folder))
    first, second = (cast(TrainPlan, found[draw, ("train", "old")]) for draw in (0, 1))
    assert first.seed != second.seed
    seeds = [cast(TransformPlan, found[draw, ("transform", "rm")]).seeds for draw in (0, 1)]
    assert len(seeds[0]) == len(seeds[1]) == 3
    assert not set(seeds[0]) & set(seeds[1])
    report = cast(ReportPlan, found[0, ("report", MAIN)])
    assert report.panels["refined"].draws["rm"] == 2
    assert report.panels["as_it_is"].draws["bict"] == 1


def test_plans_of_draws_lie_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    set_value(folder / PARAMS, "draws", 3)
    write(Layout(), graph_of([MAIN], folder)[1])
    write_plans(Layout(), [MAIN])
    expected = plans(*graph_of([MAIN], folder))
    for (draw, stage), plan in expected.items():
        assert read_plan(Layout(draw=draw), *stage) == plan
    assert len(list(Path("data/main").rglob("plan/**/*.json"))) == len(expected)
    assert read_plan(Layout(draw=2), "embed") == read_plan(Layout(), "embed")


def test_a_report_knows_its_panels_and_their_references() -> None:
    found = of_first_draw(*graph_of(["arrivals"]))
    panel = found["report", "arrivals"].panels["all"]
    assert (panel.old, panel.new) == ("old", "new")
    assert panel.methods["old"] == "arrivals_old"
    assert set(panel.methods.values()) == {
        name for stage, *row in found for name in row if stage == "evaluate"
    }


def test_the_stages_read_what_the_plan_wrote(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    layout = Layout()
    (folder / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())
    write_plans(layout, [MAIN])
    expected = of_first_draw(*graph_of([MAIN], folder))
    assert {stage for stage, *_ in expected} == set(PLANS) - {"read"}  # of vectors alone
    for stage, plan in expected.items():
        assert read_plan(layout, *stage) == plan
    files = [p for p in (layout.data / "plan").rglob("*") if p.is_file()]
    assert len(files) == len(expected)
    kept = {path: path.read_bytes() for path in files}
    write_plans(layout, [MAIN])
    assert {path: path.read_bytes() for path in files} == kept


@pytest.mark.parametrize("study", STUDIES)
def test_every_plan_of_every_study_survives_its_file(study: str) -> None:
    for (_, (stage, *_)), plan in plans(*graph_of([study])).items():
        assert PLANS[stage].model_validate_json(plan.model_dump_json()) == plan


Damage = Callable[[Path], object]


@pytest.mark.parametrize(
    ("damage", "got"),
    [
        (lambda path: path.unlink(), "got no such file"),
        (lambda path: path.write_text("{"), "got: Expecting property name"),
        (lambda path: path.write_text("[1]"), "got a list"),
        (lambda path: path.write_text("{}"), "device: Field required"),
        (lambda path: path.write_text('{"x": 1}'), "device: Field required"),
    ],
)
def test_a_missing_or_damaged_plan_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, damage: Damage, got: str
) -> None:
    monkeypatch.chdir(folder)
    (folder / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())
    write_plans(Layout(), [MAIN])
    damage(Layout().plan("train", "old"))
    with pytest.raises(InputError) as found:
        read_plan(Layout(), "train", "old")
    expected = "data/main/plan/train/old.json: expected what `dvc repro plan` writes"
    assert str(found.value).startswith(expected)
    assert got in str(found.value)
