"""conf/dataset/ has a preset for every benchmark, with settings that its reader takes."""

from pathlib import Path

import published_trees as trees
import pytest

from backfill import params
from backfill.compose import composed
from backfill.datasets import NAMES

CONF = Path(__file__).parents[2] / "conf"
BENCHMARKS = [make.__name__ for make in trees.TREES]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_preset_names_its_dataset_and_the_published_training(name: str) -> None:
    chosen = params.validate(composed([f"dataset={name}"], CONF))
    assert chosen.dataset.name == name
    # The pipeline keeps its own files in data/<dataset>.
    assert chosen.dataset.root != Path("data", name)
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
    # Rows change nothing of it but the size of the embedding.
    for row in chosen.encoders.values():
        network = train.network.model_copy(
            update={"embedding_dim": row.embedding_dim or train.network.embedding_dim}
        )
        assert row.training(train) == train.model_copy(update={"network": network})


def test_every_dataset_has_a_preset() -> None:
    assert {path.stem for path in (CONF / "dataset").glob("*.yaml")} == set(NAMES)


def test_presets_of_landmarks_keep_whole_images_and_people_their_shape() -> None:
    for name in ("gldv2", "roxford5k", "rparis6k"):
        assert composed([f"dataset={name}"], CONF)["dataset"]["fit"] == "stretch"
    market = composed(["dataset=market1501"], CONF)["dataset"]
    assert (market["size"], market["width"]) == (128, 64)
