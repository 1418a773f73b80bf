"""Presets of conf/ on top of params.yaml, with its comments; a second preset is refused."""

import difflib
import shutil
from pathlib import Path

import pytest

from backfill.errors import InputError
from backfill.params import load_params
from backfill.pipeline import presets
from backfill.reading.yaml import read

from .settings_files import PARAMS, ROOT, copy_settings

PATH = Path(PARAMS)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_settings(tmp_path)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    monkeypatch.chdir(tmp_path)


def write(*overrides: str) -> None:
    presets.write(presets.composed(overrides), PATH)


def test_nothing_on_top_changes_no_byte() -> None:
    before = PATH.read_bytes()
    assert presets.composed() == read(PATH)
    write()
    assert PATH.read_bytes() == before


def test_comments_and_layout_stay() -> None:
    before = PATH.read_text().splitlines()
    write("dataset=digits", "transform.temperature=0.7", "evaluate.map_at=100")
    params = load_params()
    assert params.dataset.name == "digits"
    assert (params.transform.temperature, params.evaluate.map_at) == (0.7, 100)
    after = PATH.read_text().splitlines()
    changed = [line[1:] for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert not any("#" in line for line in changed)
    assert "  # Augmented views of each training image, for transforms to learn from." in after
    assert len(after) == len(before) + 1  # which preset it was
    write("evaluate.map_at=null")
    assert "  map_at: null" in PATH.read_text().splitlines()


def test_a_new_key_stands_above_the_comment_of_what_follows() -> None:
    write("dataset=cifar100", "+dataset.max_test=20", "+train.label_smoothing=0.1")
    params = load_params()
    assert params.train.augment.alternating
    lines = PATH.read_text().splitlines()
    at = lines.index("    alternating: true")
    assert lines[at - 1] == "    flip: true"
    assert lines[at + 1 : at + 4] == [
        "  label_smoothing: 0.1",
        "",
        "# How embeddings are stored.",
    ]
    at = lines.index("  max_test: 20")
    assert lines[at - 1] == "  search: test"
    assert lines[at + 1] == ""


def test_a_preset_is_the_file_with_what_it_changes_on_top() -> None:
    before = read(PATH)
    values = presets.composed(["dataset=cifar100"])
    preset = read(Path("conf/dataset/cifar100.yaml"))
    assert values["train"] == before["train"] | preset["train"] | {
        "augment": before["train"]["augment"] | preset["train"]["augment"]
    }
    assert values["evaluate"] == before["evaluate"]
    assert values["methods"] == before["methods"]


def test_what_the_user_has_changed_stays_under_a_preset() -> None:
    write("evaluate.checkpoints=6")
    write("dataset=digits")
    assert load_params().evaluate.checkpoints == 6


def test_a_preset_on_top_of_another_is_refused_and_nothing_is_written() -> None:
    write("dataset=cifar100")
    before = PATH.read_bytes()
    with pytest.raises(InputError) as found:
        write("dataset=digits")
    assert str(found.value) == (
        f"{PARAMS}: presets: expected one dataset's preset, got digits on top of cifar100; "
        "`git restore params.yaml` takes the first one back"
    )
    assert PATH.read_bytes() == before


def test_a_preset_that_builds_on_another_is_one() -> None:
    write("dataset=folder", "dataset.root=/images")
    params = load_params()
    assert (params.dataset.name, str(params.dataset.root)) == ("folder", "/images")
    with pytest.raises(InputError, match="got digits on top of folder"):
        write("dataset=digits")


def test_the_same_preset_twice_is_the_same() -> None:
    write("dataset=cifar100")
    before = PATH.read_bytes()
    write("dataset=cifar100")
    assert PATH.read_bytes() == before


def test_a_scale_goes_on_top_of_a_dataset() -> None:
    write("dataset=cifar100")
    write("scale=paper")
    params = load_params()
    assert (params.dataset.name, params.scale, params.train.epochs) == ("cifar100", "paper", 200)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("dataset=nonsense", r"expected presets of conf or keys of params.yaml, got: .*nonsense"),
        ("trian.epochs=3", r"expected presets of conf or keys of params.yaml, got: .*trian"),
        ("train.epochs", r"expected presets of conf or keys of params.yaml, got: .*EQUAL"),
        ("train.epochs=many", r"params.yaml: train.epochs: expected an integer, got 'many'"),
        ("+train.epoch=3", r"params.yaml: train.epoch: unknown key.* did you mean 'epochs'\?"),
    ],
)
def test_a_wrong_override_is_named_and_nothing_is_written(override: str, message: str) -> None:
    before = PATH.read_bytes()
    with pytest.raises(InputError, match=message) as found:
        write(override)
    assert "\n" not in str(found.value)
    assert PATH.read_bytes() == before
