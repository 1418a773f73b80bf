"""A stage whose input changes while it runs fails, and leaves nothing that DVC could note down."""

import shutil
from pathlib import Path

import pytest
import yaml

from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.params.base import Section
from backfill.pipeline.declared import Watch
from backfill.pipeline.graph import needed
from backfill.pipeline.workspace import prepare
from backfill.stages import plan as plan_stage
from backfill.stages.command import Done, run

from .made import order_plan

ROOT = Path(__file__).parents[2]
PIPELINE = """\
stages:
  order:
    foreach:
      mine: {a: old, b: split/gallery}
      mine-1: {a: new, b: split/gallery}
    do:
      cmd: python -m backfill.stages.order ${key}
      deps:
      - data/main/plan/order/${key}.json
      - data/main/embeddings/${item.a}
      - data/main/${item.b}
      - ${dataset.root}
      outs:
      - data/main/orders/${key}.npy:
          persist: true
"""
OUTPUT, GALLERY = Path("data/main/orders/mine.npy"), Path("data/main/split/gallery")


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.chdir(tmp_path)
    made = Layout()
    Path("dvc.yaml").write_text(PIPELINE)
    Path("params.yaml").write_text("dataset: {root: my-vectors}\n")
    for file in (made.plan("order", "mine"), GALLERY / "labels.npy", Path("my-vectors/old.npy")):
        file.parent.mkdir(parents=True)
        file.write_text("before")
    made.plan("order", "mine").write_text(order_plan("random", [4]).model_dump_json())
    return made


def test_what_a_row_reads_and_writes_is_what_dvc_yaml_says(layout: Layout) -> None:
    watch = Watch.begun(layout, "order", "mine")
    assert [str(path) for path in watch.found] == [
        "data/main/plan/order/mine.json", "data/main/embeddings/old", str(GALLERY), "my-vectors",
    ]  # fmt: skip
    assert watch.writes == [OUTPUT]
    assert watch.found[Path("my-vectors")].keys() == {"old.npy"}
    of_draw = Watch.begun(layout.of_draw(1), "order", "mine")
    assert Path("data/main/embeddings/new") in of_draw.found


@pytest.mark.parametrize(
    "changed",
    [
        "data/main/plan/order/mine.json",
        str(GALLERY / "labels.npy"),
        "my-vectors/old.npy",
        "my-vectors/more.npy",
    ],
)
def test_a_change_fails_the_stage_and_takes_its_output_back(layout: Layout, changed: str) -> None:
    def order(plan: Section, layout: Layout, name: str) -> Done:
        OUTPUT.parent.mkdir(parents=True)
        OUTPUT.write_text("made from what was there")
        Path(changed).write_text("after")
        return Done(3, "items")

    with pytest.raises(SystemExit) as ended:
        run(order, ["mine"])
    assert ended.value.code == (
        f"error: {changed}: expected the same while the stage ran, got a change; its output is "
        "removed: run it again"
    )
    assert not OUTPUT.exists()
    assert not layout.cost("order", "mine").exists()


def test_what_is_written_anew_alike_or_hidden_is_no_change(layout: Layout) -> None:
    def order(plan: Section, layout: Layout, name: str) -> Done:
        OUTPUT.parent.mkdir(parents=True)
        OUTPUT.write_text("made")
        (GALLERY / "labels.npy").write_text("before")
        (GALLERY / ".labels.tmp.npy").write_text("half")
        Path("params.yaml").write_text("dataset: [")  # is the plan's matter
        return Done(3, "items")

    run(order, ["mine"])
    assert OUTPUT.exists()


def test_the_plan_of_settings_that_change_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "studies", tmp_path / "studies")
    monkeypatch.chdir(tmp_path)
    prepare(Layout(), [])
    old_curve = tmp_path / "data" / "main" / "evaluate" / "gone"
    old_curve.mkdir(parents=True)
    plan_stage.plan(Layout(), ["overview"])
    assert Layout().plan("split").exists()
    assert not old_curve.exists()
    old_curve.mkdir()

    def edited(*arguments: object) -> object:
        path = Path("params.yaml")
        content = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump(content | {"threads": 1}))
        return needed(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(plan_stage, "needed", edited)
    with pytest.raises(InputError, match=r"^params.yaml: expected the same while the stage ran"):
        plan_stage.plan(Layout(), ["overview"])
    assert not Layout().plan("split").exists()
    assert not Layout().plan("train", "old").exists()
    assert old_curve.exists()
