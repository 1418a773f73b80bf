"""dvc.yaml: what is written is what is committed, and DVC takes it for every study."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from backfill.artifacts import MAIN_WORKSPACE, Layout
from backfill.errors import InputError
from backfill.params import MAIN
from backfill.pipeline.dvc_yaml import require_current, studies_in, text, write
from backfill.pipeline.workspace import prepare

from .settings_files import OVERVIEW, PARAMS, ROOT, STUDIES, copy_settings, graph_of, set_value

# Of a library of DVC's.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
DRAWS = 3  # of the workspace `draws`
VECTORS = "vectors"  # a user's folder


@dataclass
class Stage:
    """A stage as DVC sees it, with paths from the root of the repository."""

    name: str
    command: str
    deps: set[str]
    outs: list[str]


def write_pipeline(folder: Path, workspace: str, studies: list[str]) -> None:
    path = Layout(workspace, folder).pipeline
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(Layout(workspace), graph_of(studies, folder)[1]))
    if workspace != MAIN_WORKSPACE:  # where stages of vectors find their folder
        (path.parent / PARAMS).write_text(f"dataset: {{root: {VECTORS}}}\n")


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Stage]]:
    """Workspace -> its stages: the main one, one for each study, and one with all studies."""
    folder = tmp_path_factory.mktemp("repository")
    copy_settings(folder)
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    workspaces = {MAIN_WORKSPACE: [MAIN], "everything": STUDIES} | {s: [s] for s in STUDIES}
    for workspace, studies in workspaces.items():
        write_pipeline(folder, workspace, studies)
    set_value(folder / PARAMS, "draws", DRAWS)
    write_pipeline(folder, "draws", [MAIN])
    workspaces["draws"] = [MAIN]
    repository = Repo(str(folder))
    repository.index.check_graph()  # no circles, no output inside of another

    def relative_to_root(path: str) -> str:
        return str(Path(path).relative_to(folder))

    found: dict[str, list[Stage]] = {workspace: [] for workspace in workspaces}
    for stage in repository.index.stages:
        made = Stage(
            stage.name,
            stage.cmd,
            {relative_to_root(dep.fs_path) for dep in stage.deps},
            [relative_to_root(out.fs_path) for out in stage.outs],
        )
        where = Path(relative_to_root(stage.path)).parent
        found[MAIN_WORKSPACE if where == Path() else where.name].append(made)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy_settings(tmp_path)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_committed_file_is_what_is_written() -> None:
    _, graph = graph_of([MAIN])
    assert (ROOT / "dvc.yaml").read_text() == text(Layout(), graph)


def test_the_pipeline_reads_in_one_go() -> None:
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) < 300


@pytest.mark.parametrize("workspace", [MAIN_WORKSPACE, "everything", *STUDIES])
def test_dvc_finds_every_stage_of_a_study(stages: dict[str, list[Stage]], workspace: str) -> None:
    chosen = {MAIN_WORKSPACE: [MAIN], "everything": STUDIES}.get(workspace, [workspace])
    _, graph = graph_of(chosen)
    expected = ["plan", *(("-" if s == "report" else "@").join((s, *r)) for s, *r in graph.stages)]
    assert sorted(stage.name for stage in stages[workspace]) == sorted(expected)
    option = "" if workspace == MAIN_WORKSPACE else f" --workspace {workspace}"
    for stage in stages[workspace]:
        kind, _, row = stage.name.replace("-", "@", 1).partition("@")
        rows = " ".join(chosen) if kind == "plan" else row
        assert stage.command.split() == f"python -m backfill.stages.{kind} {rows}{option}".split()


def test_an_output_is_made_by_one_stage(stages: dict[str, list[Stage]]) -> None:
    outs = [out for of_workspace in stages.values() for stage in of_workspace for out in stage.outs]
    assert len(outs) > 1000
    assert len(set(outs)) == len(outs)


@pytest.mark.parametrize("workspace", [MAIN_WORKSPACE, "everything", *STUDIES])
def test_what_a_stage_reads_another_one_makes(
    stages: dict[str, list[Stage]], workspace: str
) -> None:
    made = {out for stage in stages[workspace] for out in stage.outs}
    read = {dep for stage in stages[workspace] for dep in stage.deps}
    parameters = str(Layout(workspace).params)
    for dep in read - made:
        source = dep.startswith("src/backfill/") and (ROOT / dep).exists()
        study = dep in {f"studies/{name}.yaml" for name in STUDIES}
        curves = workspace == MAIN_WORKSPACE and dep == "data/main/evaluate"
        assert source or study or curves or dep in (parameters, VECTORS)
    assert parameters in read
    # And what it makes is its workspace's own.
    assert all(out.split("/")[:2] in (["data", workspace], ["reports", workspace]) for out in made)
    plans = {out for out in made if f"data/{workspace}/plan/" in out}
    assert plans <= read


def test_a_stage_depends_on_what_its_row_names(stages: dict[str, list[Stage]]) -> None:
    by_name = {stage.name: stage for stage in stages["everything"]}

    def deps(name: str) -> set[str]:
        data = "data/everything/"
        return {d.removeprefix(data) for d in by_name[name].deps if d.startswith(data)}

    assert deps("train@old") == {
        "plan/train/old.json", "split/train", "split/shares/extended_class/old.npy",
    }  # fmt: skip
    assert deps("train@bct") == {
        "plan/train/bct.json", "split/train", "split/shares/extended_class/new.npy",
        "embeddings/old",
    }  # fmt: skip
    assert deps("transform@forward_side") == {
        "plan/transform/forward_side.json", "split/train", "split/shares/extended_class/new.npy",
        "embeddings/old", "embeddings/new", "embeddings/side",
    }  # fmt: skip
    assert deps("order@random") == {
        "plan/order/random.json", "split/gallery",
    }  # fmt: skip
    assert deps("order@ract_margin") == {
        "plan/order/ract_margin.json", "split/gallery", "embeddings/old",
        "embeddings/ract",
    }  # fmt: skip
    assert deps("order@oracle_forward") == {
        "plan/order/oracle_forward.json", "split/gallery", "embeddings/forward",
    }  # fmt: skip
    assert deps("evaluate@rm_by_oracle") == {
        "plan/evaluate/rm_by_oracle.json", "split/gallery", "embeddings/rm", "embeddings/old",
        "orders/oracle_rm.npy",
    }  # fmt: skip
    assert deps("report-losses") == {
        "plan/report/losses.json", "split/query", "split/gallery",
        *(f"evaluate/{m}" for m in ("old", "new", "rm_naive", "rm", "rm_rqt", "rm_cl", "rm_mcl")),
    }  # fmt: skip


def test_every_draw_has_stages_of_its_own(stages: dict[str, list[Stage]]) -> None:
    by_name = {stage.name: stage for stage in stages["draws"]}
    once = {s.name for s in stages[MAIN_WORKSPACE] if s.name in ("plan", "split")}
    rows = {s.name for s in stages[MAIN_WORKSPACE] if "@" in s.name}
    others = {f"{name}-{draw}" for name in rows for draw in range(1, DRAWS)}
    assert set(by_name) == once | rows | others | {"report-overview"}
    data = "data/draws/draws/2"
    third = by_name["transform@rm-2"]
    assert third.command.endswith("stages.transform rm --workspace draws --draw 2")
    assert {dep for dep in third.deps if dep.startswith("data")} == {
        f"{data}/plan/transform/rm.json", "data/draws/split/train",
        "data/draws/split/shares/extended_class/new.npy",
        f"{data}/embeddings/old", f"{data}/embeddings/new",
    }  # fmt: skip
    assert third.outs == [f"{data}/transforms/rm", f"{data}/embeddings/rm"]
    assert f"{data}/embeddings/old" in by_name["train@bct-2"].deps
    assert "data/draws/split/gallery" in by_name["order@random-2"].deps
    assert f"{data}/orders/random.npy" in by_name["evaluate@rm-2"].deps
    assert {f"{data}/evaluate/rm", "data/draws/evaluate/rm"} <= by_name["report-overview"].deps


def test_the_plan_depends_on_the_studies_that_have_its_rows(
    stages: dict[str, list[Stage]],
) -> None:
    def studies(workspace: str) -> set[str]:
        (plan,) = (stage for stage in stages[workspace] if stage.name == "plan")
        return {Path(dep).stem for dep in plan.deps if dep.startswith("studies/")}

    assert studies(MAIN_WORKSPACE) == {"overview"}
    assert studies("fusion") == {"overview", "losses", "fusion"}
    assert studies("orders") == {"overview", "compatible", "orders"}


def test_dvc_tracks_metrics_and_plots_of_the_main_comparison_alone(folder: Path) -> None:
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    layout = Layout("digits")
    layout.home.mkdir(parents=True)
    shutil.copy(folder / PARAMS, layout.params)
    prepare(layout, ["losses"])
    index = Repo(str(folder)).index
    assert [out.fs_path for out in index.metrics] == [
        str(folder / "reports/main/overview/metrics.json")
    ]
    # A whole table as a plot of its own would be one line through all methods.
    assert [out.fs_path for out in index.plots] == []
    plots = yaml.safe_load(Path("dvc.yaml").read_text())["plots"]
    charts = [chart for plot in plots for chart in plot.values()]
    assert len(charts) == 2
    assert all(list(chart["y"]) == ["reports/main/overview/curves.csv"] for chart in charts)
    assert "plots" not in yaml.safe_load(layout.pipeline.read_text())


@pytest.mark.parametrize(
    ("file", "key", "value", "stage"),
    [
        (PARAMS, "methods", ["old", "new"], "plan"),
        (OVERVIEW, "methods.rm.before", "forward/rho -> old", "evaluate"),
        (OVERVIEW, "encoders.bct.teacher", "new", "train"),
        (OVERVIEW, "encoders.bct.starts_from", "old", "train"),
        (OVERVIEW, "transforms.rm.trains_on", "extended_class/old", "transform"),
    ],
)
def test_other_rows_than_those_of_dvc_yaml_are_refused(
    folder: Path, file: str, key: str, value: object, stage: str
) -> None:
    set_value(folder / file, key, value)
    _, graph = graph_of([MAIN], folder)
    with pytest.raises(InputError) as found:
        require_current(Layout(), graph)
    assert str(found.value) == (
        f"dvc.yaml: {stage}: expected the rows that params.yaml and studies/ ask for, got others; "
        "`backfill pipeline` writes the file anew"
    )
    write(Layout(), graph)
    require_current(Layout(), graph)


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        (PARAMS, "train.epochs", 3),
        (PARAMS, "dataset", {"name": "digits"}),
        (OVERVIEW, "encoders.bct.bct_weight", 3.0),
        (OVERVIEW, "methods.rm.merge", "isotonic"),
    ],
)
def test_other_values_need_no_other_dvc_yaml(
    folder: Path, file: str, key: str, value: object
) -> None:
    set_value(folder / file, key, value)
    _, graph = graph_of([MAIN], folder)
    require_current(Layout(), graph)


def test_a_stage_of_ones_own_may_stand_beside_the_others(folder: Path) -> None:
    set_value(folder / "dvc.yaml", "stages.mine", {"cmd": "echo mine"})
    require_current(Layout(), graph_of([MAIN], folder)[1])


@pytest.mark.parametrize("content", ["", "- 1\n", "stages: 3\n", "stages: {plan: 3}\n"])
def test_a_file_that_is_not_a_pipeline_is_refused(folder: Path, content: str) -> None:
    (folder / "dvc.yaml").write_text(content)
    with pytest.raises(InputError, match=r"dvc\.yaml: plan: expected the rows that params\.yaml"):
        require_current(Layout(), graph_of([MAIN], folder)[1])
    with pytest.raises(InputError, match=r"dvc\.yaml: expected a pipeline with a stage plan, got"):
        studies_in(Path("dvc.yaml"))


def test_a_workspace_keeps_the_studies_that_it_has(folder: Path) -> None:
    layout = Layout("digits")
    layout.home.mkdir(parents=True)
    shutil.copy(folder / PARAMS, layout.params)
    assert studies_in(layout.pipeline) == []
    assert prepare(layout, ["losses"]) == Path("reports/digits/dvc.yaml")
    prepare(layout, ["arrivals"])
    assert studies_in(layout.pipeline) == ["losses", "arrivals"]
    before = layout.pipeline.read_text()
    prepare(layout, [])
    assert layout.pipeline.read_text() == before
    for rules in yaml.safe_load(before)["stages"].values():
        assert rules.get("do", rules)["wdir"] == "../.."


def test_a_file_that_is_right_is_not_written_again(folder: Path) -> None:
    before = (folder / "dvc.yaml").stat()
    prepare(Layout(), [MAIN])
    after = (folder / "dvc.yaml").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
