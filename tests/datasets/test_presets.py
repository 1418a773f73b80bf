"""conf/dataset/ has a preset for every benchmark, with settings that its reader takes."""

from pathlib import Path
from typing import Any

import published_trees as trees
import pytest

from backfill.datasets import NAMES
from backfill.params import validated
from backfill.params.catalogue import collect, names
from backfill.pipeline import presets

ROOT = Path(__file__).parents[2]
BENCHMARKS = [make.__name__ for make in trees.TREES]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # conf/ is below it


def composed(dataset: str) -> dict[str, Any]:
    return presets.composed([f"dataset={dataset}"])


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_preset_names_its_dataset_and_the_published_training(name: str) -> None:
    chosen = validated(composed(name), name)
    assert chosen.dataset.name == name
    assert chosen.presets == {name: True}
    # The pipeline keeps its own files in data/<workspace>, and a workspace goes by its dataset.
    assert chosen.dataset.root not in (Path("data", name), Path("data", "main"))
    train = chosen.train
    published = {
        "optimizer": "adam",
        "learning_rate": 0.01,
        "schedule": "step",
        "step_epochs": 30,
        "epochs": 90,
        "weight_decay": 0.0001,
    }
    assert {key: getattr(train, key) for key in published} == published
    assert train.network.stem == "large"
    assert train.augment.flip
    # Rows change nothing of it but the size of the embedding, in most studies.
    catalogue, mistakes = collect(names(), name, "cpu")
    assert not mistakes
    for encoder, row in catalogue.trained.items():
        if catalogue.owner["encoders", encoder] in ("architectures", "ract_sweeps"):
            continue
        network = train.network.model_copy(
            update={"embedding_dim": row.embedding_dim or train.network.embedding_dim}
        )
        assert row.training(train) == train.model_copy(update={"network": network}), encoder


def test_every_dataset_has_a_preset_but_the_one_of_params_yaml() -> None:
    found = {path.stem for path in Path("conf/dataset").glob("*.yaml")}
    assert found == set(NAMES) - {"glyphs"}
    assert presets.composed()["dataset"]["name"] == "glyphs"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"glyphs"}))
def test_a_preset_leaves_its_name(name: str) -> None:
    # So that a second one on top of it is noticed.
    assert {key for key, is_set in composed(name)["presets"].items() if is_set} == {name}


def test_presets_of_landmarks_keep_whole_images_and_people_their_shape() -> None:
    for name in ("gldv2", "roxford5k", "rparis6k"):
        assert composed(name)["dataset"]["fit"] == "stretch"
    market = composed("market1501")["dataset"]
    assert (market["size"], market["width"]) == (128, 64)
