"""The settings that the repository comes with: small to read, and right in every combination."""

from pathlib import Path
from typing import Any

import pytest

from backfill.errors import InputError
from backfill.params import MAIN, load
from backfill.params.catalogue import names
from backfill.pipeline import presets
from backfill.reading.yaml import read

from .conftest import PARAMS, ROOT, Files

DATASETS = sorted(path.stem for path in (ROOT / "conf" / "dataset").glob("*.yaml"))
STUDIES = names(ROOT)


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Each value by its key with dots."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def test_params_yaml_is_read_in_one_go() -> None:
    assert len((ROOT / PARAMS).read_text().splitlines()) <= 120


@pytest.mark.parametrize("scale", ["cpu", "paper"])
@pytest.mark.parametrize("dataset", [None, *DATASETS])
def test_every_study_loads_with_every_preset(files: Files, dataset: str | None, scale: str) -> None:
    overrides = [f"dataset={dataset}"] if dataset else []
    presets.write(
        presets.composed([*overrides, *(["scale=paper"] if scale == "paper" else [])]),
        Path(PARAMS),
    )
    everything = files.load()
    assert everything.params.dataset.name == (dataset or "glyphs")
    assert everything.params.scale == scale
    assert sorted(everything.catalogue.studies) == STUDIES


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_names_every_study_that_it_needs(study: str) -> None:
    params, catalogue = load(ROOT / PARAMS, [study], ROOT)
    assert study in catalogue.studies
    assert catalogue.studies[study].question.strip().endswith("?")
    everything = load(ROOT / PARAMS, STUDIES, ROOT).catalogue
    for section in ("splits", "encoders", "transforms", "orders", "methods"):
        rows = getattr(catalogue, section)
        assert rows == {name: getattr(everything, section)[name] for name in rows}
    assert params.dataset.name == "glyphs"


def test_the_main_comparison_has_a_refined_and_an_unrefined_panel() -> None:
    params, catalogue = load(ROOT / PARAMS, [MAIN], ROOT)
    assert list(catalogue.studies[MAIN].panels_of(params.methods)) == ["as_it_is", "refined"]


@pytest.mark.parametrize("workspace", ["glyphs", "cifar100"])
def test_a_committed_workspace_compares_all_methods(workspace: str) -> None:
    assert load(ROOT / "reports" / workspace / PARAMS, [MAIN], ROOT).params.methods == "all"


def test_few_parameters_differ_between_datasets(files: Files) -> None:
    before = flat(files.load(MAIN).params.model_dump(mode="json"))
    presets.write(presets.composed(["dataset=cifar100"]), Path(PARAMS))
    after = flat(files.load(MAIN).params.model_dump(mode="json"))
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    assert {"dataset.name", "train.network.width", "train.epochs"} <= changed
    assert len(changed) <= 40


def test_the_paper_scale_is_the_published_one(files: Files) -> None:
    presets.write(presets.composed(["dataset=cifar100", "scale=paper"]), Path(PARAMS))
    params, catalogue = files.load()
    # But for one study, of other architectures.
    for name in set(catalogue.trained) - {"small_old", "vit", "hybrid"}:
        training = catalogue.trained[name].training(params.train)
        assert (training.network.blocks, training.network.width) == ([2, 2, 2, 2], 64), name
        assert training.epochs == 200, name


@pytest.mark.parametrize("path", sorted((ROOT / "reports").glob("*/params.yaml")), ids=str)
def test_the_committed_workspaces_have_valid_parameters(path: Path) -> None:
    settings = load(path, STUDIES, ROOT)
    assert settings.params.dataset.name == path.parent.name


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("threads: 2\ntrain:\n  epochs: 1\nthreads: 4\n")
    with pytest.raises(InputError, match=r"params.yaml: .* 'threads' a second time in line 4"):
        read(path)
