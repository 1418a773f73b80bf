"""The command line of stages: names, plans, what a stage cost, and mistakes in one line."""

import json
from pathlib import Path

import pytest

from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.params.base import Section
from backfill.reading.files import short
from backfill.stages.command import Done, mistakes_in_one_line, named, run

from .made import order_plan, split_plan


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.chdir(tmp_path)
    return Layout("digits")


def write(layout: Layout, plan: Section, stage: str, *row: str) -> None:
    path = layout.plan(stage, *row)
    path.parent.mkdir(parents=True)
    path.write_text(plan.model_dump_json())


def test_a_stage_is_given_its_plan_and_its_row(layout: Layout) -> None:
    plan, seen = order_plan("random", [4]), []

    def order(*arguments: object) -> Done:
        seen.extend(arguments)
        return Done(3, "items")

    write(layout, plan, "order", "mine")
    run(order, ["mine", "--workspace", "digits"])
    assert seen[0] == plan
    assert seen[1].data == layout.data  # type: ignore[attr-defined]
    assert seen[2] == "mine"


def test_the_split_is_one_for_all(layout: Layout) -> None:
    plan, seen = split_plan(), []

    def split(*arguments: object) -> Done:
        seen.extend(arguments)
        return Done(3, "images")

    write(layout, plan, "split")
    run(split, ["--workspace", "digits"])
    assert seen[0] == plan
    assert len(seen) == 2


def test_what_a_stage_cost_is_kept(layout: Layout) -> None:
    def order(plan: Section, layout: Layout, name: str) -> Done:
        return Done(1000, "items")

    write(layout, order_plan("random", [4]), "order", "mine")
    run(order, ["mine", "--workspace", "digits"])
    cost = json.loads(layout.cost("order", "mine").read_text())
    assert set(cost) == {"wall_s", "peak_gib", "items_per_s", "items", "unit", "machine"}
    assert cost["wall_s"] > 0
    assert 0.01 < cost["peak_gib"] < 100
    assert cost["items_per_s"] > 1000
    assert (cost["items"], cost["unit"]) == (1000, "items")


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "9", "x" * 81])
def test_a_name_cannot_leave_its_folder(name: str) -> None:
    expected = "row: expected lower-case letters, digits and underscores, got "
    with pytest.raises(InputError) as found:
        named("row", name)
    assert str(found.value) == f"{expected}{short(name)}"
    assert named("row", "rm_2") == "rm_2"


def test_mistakes_end_the_program_with_one_line(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    def order(plan: Section, layout: Layout, name: str) -> Done:
        raise AssertionError("not reached")

    with pytest.raises(SystemExit) as ended:
        run(order, ["mine", "--workspace", "digits"])
    assert str(ended.value.code).startswith(
        "error: data/digits/plan/order/mine.json: expected what `dvc repro plan` writes, got "
    )
    with pytest.raises(SystemExit) as ended:
        run(order, ["../mine"])
    assert str(ended.value.code).startswith("error: row: expected lower-case letters")
    assert not layout.cost("order", "mine").exists()


@pytest.mark.parametrize("number", [28, 122, 27])
def test_a_full_disk_is_one_line_and_other_failures_are_not(number: int) -> None:
    with pytest.raises(SystemExit) as ended, mistakes_in_one_line():
        raise OSError(number, "No room", "some/file")
    assert ended.value.code == "error: some/file: cannot be written (No room)"
    with pytest.raises(OSError, match="lost"), mistakes_in_one_line():
        raise OSError(5, "lost")
