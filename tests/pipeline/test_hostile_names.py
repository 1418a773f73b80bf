"""Names reach paths and commands only after they are checked."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from backfill import workflow
from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.pipeline.dvc_yaml import text
from backfill.pipeline.workspace import prepare

from .settings_files import OVERVIEW, PARAMS, ROOT, STUDIES, copy_settings, graph_of, set_value

HOSTILE = ("../../victim", "x; touch PWNED #", "a\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The committed settings, and their dvc.yaml."""
    copy_settings(tmp_path)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    monkeypatch.chdir(tmp_path)
    prepare(Layout(), [])
    return tmp_path


def row(section: str, of: str) -> object:
    return yaml.safe_load((ROOT / OVERVIEW).read_text())[section][of]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_of_any_kind_is_refused_before_dvc_sees_it(folder: Path, name: str) -> None:
    before = (folder / "dvc.yaml").read_bytes()
    for file, key, value in (
        (PARAMS, "dataset.name", name),
        (PARAMS, "study", name),
        (PARAMS, "methods", ["old", "new", name]),
        (OVERVIEW, "methods", {name: row("methods", "rm")}),
        (OVERVIEW, "encoders", {name: row("encoders", "old")}),
        (OVERVIEW, "transforms", {name: row("transforms", "rm")}),
        (OVERVIEW, "orders", {name: {"kind": "random"}}),
        (OVERVIEW, "splits", {name: row("splits", "extended_class")}),
        (OVERVIEW, "panels", {name: {"old": "old", "new": "new"}}),
        (OVERVIEW, "encoders.old.trains_on", f"extended_class/{name}"),
        (OVERVIEW, "transforms.rm.modules", {name: ["old"]}),
        (OVERVIEW, "methods.rm.before", f"{name} -> old"),
        (OVERVIEW, "methods.rm.order", name),
        (OVERVIEW, "uses", [name]),
    ):
        kept = Path(file).read_bytes()
        set_value(Path(file), key, value)
        with pytest.raises(InputError):
            prepare(Layout(), [])
        Path(file).write_bytes(kept)
    for call in (
        lambda: workflow.pipeline(name),
        lambda: workflow.costs(name),
        lambda: workflow.study(name, [], None, False),
        lambda: workflow.study("orders", [], name, False),
    ):
        with pytest.raises(InputError):
            call()
    assert (folder / "dvc.yaml").read_bytes() == before


def test_commands_have_nothing_that_a_shell_would_take_for_more() -> None:
    for layout, studies in ((Layout(), ["overview"]), (Layout("of_all"), STUDIES)):
        stages = yaml.safe_load(text(layout, graph_of(studies)[1]))["stages"]
        for stage in stages.values():
            command = re.sub(r"\$\{[a-z.]+\}", "row", stage.get("do", stage)["cmd"])
            assert re.fullmatch(r"python -m [a-z._]+( (--)?[a-z0-9_]+)*", command)
            # Nothing of params.yaml but the folder of vectors, which is read.
            used = set(re.findall(r"\$\{([a-z]+)", yaml.safe_dump(stage)))
            assert used <= {"key", "item", "dataset"}
            for key in stage.get("foreach", ()):
                assert re.fullmatch(r"[a-z][a-z0-9_]*(-[0-9]+)?", key)
    hostile = text(Layout("x; touch PWNED"), graph_of(["overview"])[1])
    assert "--workspace 'x; touch PWNED'\n" in hostile
