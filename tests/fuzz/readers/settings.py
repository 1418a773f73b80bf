"""params.yaml, studies, plans and the settings of `datasets check`."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import backfill.params as params
from backfill.artifacts import Layout
from backfill.datasets.check import parse
from backfill.errors import InputError
from backfill.params.catalogue import collect, names
from backfill.params.mistakes import as_error
from backfill.pipeline.dvc_yaml import studies_in
from backfill.pipeline.graph import needed
from backfill.pipeline.plans import PLANS
from backfill.pipeline.plans import plans as planned
from backfill.stages.command import read_plan
from fuzz.readers import bombs
from fuzz.registry import Change, case, cases, content, reader

ROOT = Path(__file__).parents[3]


def one(folder: Path) -> None:
    """params.yaml."""
    shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")


def all_settings(folder: Path) -> None:
    """params.yaml and the main study."""
    one(folder)
    (folder / "studies").mkdir()
    shutil.copyfile(ROOT / "studies/overview.yaml", folder / "studies" / "overview.yaml")


def appended(path: str, data: bytes) -> Change:
    """The change that adds to a file's end, whose keys it may repeat."""
    return lambda folder: content(path, (folder / path).read_bytes() + b"\n" + data)(folder)


def without(path: str, data: bytes) -> Change:
    """The change that replaces keys of a file."""

    def change(folder: Path) -> None:
        keys = {
            line.partition(b":")[0] for line in data.split(b"\n") if line[:1] not in (b"", b" ")
        }
        kept: list[bytes] = []
        skips = False
        for line in (folder / path).read_bytes().split(b"\n"):
            if line[:1] not in (b"", b" ", b"#"):
                skips = line.partition(b":")[0] in keys
            if not skips:
                kept.append(line)
        content(path, b"\n".join(kept) + b"\n" + data)(folder)

    return change


@reader("params.yaml", one, share=2)
def read_params(folder: Path) -> object:
    """All of params.yaml, and where the work runs."""
    return params.load_params(folder / "params.yaml"), params.load_compute(folder / "params.yaml")


cases("params.yaml", {name: without("params.yaml", data) for name, data in bombs.YAML.items()})
cases(
    "params.yaml",
    {f"all of it: {name}": content("params.yaml", data) for name, data in bombs.YAML.items()},
)
cases(
    "params.yaml",
    {
        "nothing": content("params.yaml", b""),
        "a word": content("params.yaml", b"x"),
        "a list": content("params.yaml", b"- a\n"),
        "a key twice": appended("params.yaml", b"threads: 3\n"),
    },
)


@reader("studies", all_settings)
def read_studies(folder: Path) -> object:
    """params.yaml and a study's rows."""
    return params.load(folder / "params.yaml", ["overview"], root=folder)


def _study(name: str, data: bytes) -> None:
    case("studies", name)(appended("studies/overview.yaml", data))
    case("studies", f"all of it: {name}")(content("studies/overview.yaml", data))


for _name, _data in bombs.YAML.items():
    _study(_name, _data)
case("studies", "a loop of likes")(
    appended("studies/overview.yaml", b"transforms: {a: {like: b}, b: {like: a}}\n")
)
case("studies", "studies that use each other")(
    content("studies/overview.yaml", b"question: x\nuses: [overview]\n")
)
case("studies", "it uses a study outside")(
    content("studies/overview.yaml", b"question: x\nuses: [../../victim]\n")
)


@reader("studies: names", all_settings, share=0.3)
def read_catalogue(folder: Path) -> object:
    """The rows of all studies."""
    found, mistakes = collect(names(folder), "glyphs", "cpu", folder)
    if mistakes:
        raise as_error(mistakes)
    return found


def plans(folder: Path) -> None:
    """What the stage `plan` writes."""
    with contextlib.chdir(ROOT):
        settings = params.load("params.yaml", ["overview"])
    for (_, (stage, *row)), plan in planned(settings, needed(settings, ["overview"])).items():
        path = Layout(root=folder).plan(stage, *row)
        if row and row[0] not in ("old", "rho", "random", "rm", "overview"):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(plan.model_dump_json(indent=1))


@reader("plans", plans)
def read_plans(folder: Path) -> object:
    """The settings of every stage."""
    rows = {"train": "old", "transform": "rho", "order": "random", "evaluate": "rm"}
    rows |= {"report": "overview", "embed": "old"}
    return [
        read_plan(Layout(root=folder), stage, *([rows[stage]] if stage in rows else []))
        for stage in PLANS
        if stage != "read"
    ]


for _name, _data in bombs.JSON.items():
    case("plans", _name)(content("data/main/plan/split.json", _data))
    case("plans", f"a row: {_name}")(content("data/main/plan/train/old.json", _data))


def pipeline(folder: Path) -> None:
    """dvc.yaml."""
    shutil.copyfile(ROOT / "dvc.yaml", folder / "dvc.yaml")


@reader("dvc.yaml", pipeline, share=0.3)
def read_pipeline(folder: Path) -> object:
    """The studies that a pipeline makes."""
    return studies_in(folder / "dvc.yaml")


cases("dvc.yaml", {name: content("dvc.yaml", data) for name, data in bombs.YAML.items()})
cases(
    "dvc.yaml",
    {f"a stage: {name}": content("dvc.yaml", b"stages:\n  plan: " + value + b"\n")
     for name, value in (("null", b"null"), ("a list", b"[1]"), ("no command", b"{cmd: null}"),
                         ("an empty one", b"{cmd: ''}"), ("a number", b"{cmd: 1}"))},
)  # fmt: skip


def command_line(folder: Path) -> None:
    """Arguments of `datasets check`."""
    arguments = ["folder", "/data", "size=64", "test_fraction=0.2", "seed=0", "fit=crop"]
    (folder / "arguments.json").write_text(json.dumps(arguments))


@reader("datasets check", command_line, share=0.7)
def read_settings(folder: Path) -> object:
    """The settings that `python -m backfill.datasets check` is given."""
    try:
        given = json.loads((folder / "arguments.json").read_text())
    except (OSError, ValueError, RecursionError):
        return None  # no command line
    if not isinstance(given, list) or len(given) < 2 or not all(type(v) is str for v in given):
        return None  # a command line has strings
    try:
        return parse(given[0], given[1], given[2:])
    except InputError as error:
        # There is no file: the error names the dataset or the key instead.
        raise InputError(f"arguments.json: {error}") from error


def _given(*arguments: str) -> Change:
    return content("arguments.json", json.dumps(arguments).encode())


cases(
    "datasets check",
    {name: _given("folder", "/data", f"size={data.partition(b': ')[2].decode('latin1')}")
     for name, data in bombs.YAML.items()},
)  # fmt: skip
cases(
    "datasets check",
    {
        "a dataset outside": _given("../../victim", "/data"),
        "no value": _given("folder", "/data", "size"),
        "no key": _given("folder", "/data", "=3"),
        "a key of a model": _given("folder", "/data", "__class__=3", "model_config=1"),
        "a name twice": _given("folder", "/data", "name=glyphs"),
        "a root twice": _given("folder", "/data", "root=[1]"),
        "a NUL in the root": _given("folder", "/da\x00ta"),
        "a lone surrogate": _given("folder", "/da\udce9ta", "size=\udce9"),
        "300 unknown settings": _given("folder", "/data", *(f"u{k}=1" for k in range(300))),
        "glyphs": _given("glyphs", "classes=1e99", "scale=[2, 1]", "contrast=[nan, .inf]"),
    },
)
