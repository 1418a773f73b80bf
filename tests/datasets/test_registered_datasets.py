"""Datasets register themselves: one new file is enough, and nothing else lists them."""

import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

import backfill
from backfill.datasets import NAMES, DatasetSettings, readers
from backfill.datasets.readers.cifar100 import Cifar100
from backfill.datasets.readers.glyphs.settings import Glyphs
from backfill.datasets.registry import READERS
from backfill.datasets.settings import Settings

PRESETS = sorted((Path(__file__).parents[2] / "conf" / "dataset").glob("*.yaml"))

TOY = """
from typing import Literal

import numpy as np

from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.registry import register
from backfill.datasets.settings import Settings
from backfill.relevance import Relevance


class Toy(Settings):
    name: Literal["toy"] = "toy"
    count: int = 4


@register(Toy, published="a handful")
def load_toy(settings):
    labels = np.arange(settings.count) % 2
    images = ImageSet(np.zeros((settings.count, 1, 8, 8), np.uint8), labels, np.zeros_like(labels))
    relevance = Relevance.from_labels(labels, labels, ignore_self=True)
    return Dataset("toy", ("a", "b"), ("all",), images, images, images, relevance)
"""


def test_a_new_dataset_is_one_file(tmp_path: Path) -> None:
    package = tmp_path / "backfill"
    shutil.copytree(Path(backfill.__file__).parent, package)
    (package / "datasets" / "readers" / "toy.py").write_text(TOY)
    code = (
        "from pydantic import TypeAdapter; from backfill.datasets import DatasetSettings, load; "
        "settings = TypeAdapter(DatasetSettings).validate_python({'name': 'toy', 'count': 6}); "
        "print(len(load(settings).train))"
    )
    assert _run(tmp_path, "-c", code) == "6\n"
    text = _run(tmp_path, "-m", "backfill.datasets", "check", "toy")
    assert text.startswith("training    4 images, 2 classes, 1 x 8 x 8")
    assert "published   a handful" in text


def _run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=folder,
        env={"PYTHONPATH": str(folder)},
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


def test_every_module_of_readers_registers_a_dataset() -> None:
    registering = {reader.load.__module__.split(".")[3] for reader in READERS.values()}
    assert registering == {module.name for module in pkgutil.iter_modules(readers.__path__)}


@pytest.mark.parametrize("name", NAMES)
def test_settings_forbid_unknown_keys_and_cannot_change(name: str) -> None:
    settings = READERS[name].settings
    assert issubclass(settings, Settings)
    assert settings.model_config["extra"] == "forbid"
    assert settings.model_config["frozen"]
    assert settings.__doc__


def test_settings_are_chosen_by_name() -> None:
    adapter: TypeAdapter[object] = TypeAdapter(DatasetSettings)
    assert adapter.validate_python({"name": "glyphs", "classes": 10}) == Glyphs(classes=10)
    assert adapter.validate_python({"name": "cifar100"}) == Cifar100()
    with pytest.raises(ValidationError, match="glyfs"):
        adapter.validate_python({"name": "glyfs"})
    with pytest.raises(ValidationError, match="klasses"):
        adapter.validate_python({"name": "glyphs", "klasses": 10})
    names = {choice["const"] for choice in _names(adapter)}
    assert names == set(NAMES)


def _names(adapter: TypeAdapter[object]) -> list[dict[str, str]]:
    return [model["properties"]["name"] for model in adapter.json_schema()["$defs"].values()]


def test_settings_import_no_heavy_library() -> None:
    heavy = {"torch", "scipy", "sklearn", "matplotlib", "pandas", "PIL", "tqdm"}
    code = f"import sys, backfill.datasets; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_dataset_but_the_default_has_a_preset() -> None:
    assert set(NAMES) - {"glyphs"} <= {path.stem for path in PRESETS}


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_names_a_registered_dataset(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    assert content.get("dataset", content)["name"] == path.stem
    assert path.stem in NAMES
