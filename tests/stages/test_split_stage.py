"""Stage split: every part of every split as a file, and mistakes named by their row."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.artifacts import PARTS, Layout, load_array
from backfill.compose import composed
from backfill.datasets import load
from backfill.errors import InputError
from backfill.params import BiasedSplit, FractionSplit, Params, SequentialSplit, validate
from backfill.stages.split import parts_of, split

ROOT = Path(__file__).parents[2]


def digits(**changes: Any) -> Params:
    raw = composed(["dataset=digits"], ROOT / "conf")
    return validate({**raw, **changes})


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.chdir(tmp_path)
    return Layout("digits")


def test_every_encoder_finds_its_rows_and_images(layout: Layout) -> None:
    params = digits()
    split(params, layout)
    dataset = load(params.dataset)
    for part in PARTS:
        items = getattr(dataset, part)
        np.testing.assert_array_equal(load_array(layout.images(part)), items.images)
        np.testing.assert_array_equal(load_array(layout.labels(part)), items.labels)
    for name, row in params.splits.items():
        parts = parts_of(name, row, dataset)
        assert list(parts) == row.parts
        for part, rows in parts.items():
            np.testing.assert_array_equal(load_array(layout.allocation(f"{name}/{part}")), rows)
    for encoder in params.encoders.values():
        assert len(load_array(layout.allocation(encoder.trains_on)))
    assert layout.relevance.exists()


def test_an_impossible_split_names_its_row_and_leaves_nothing(layout: Layout) -> None:
    splits = digits().model_dump()["splits"]
    splits["open_class"]["fraction"] = 0.1
    with pytest.raises(InputError) as found:
        split(digits(splits=splits), layout)
    assert str(found.value) == (
        "splits.open_class.fraction: 0.1 of 10 classes is 1, expected 2 to 10"
    )
    assert not layout.split.exists()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            FractionSplit(allocation="open_data", fraction=1.0, seed=0),
            r"^splits\.mine\.fraction: 1\.0 leaves the new encoder 0 of 10 classes",
        ),
        (
            SequentialSplit(allocation="sequential", fractions=[0.5, 0.2], seed=0),
            r"^splits\.mine\.fractions: \[0\.5, 0\.2\], expected rising shares",
        ),
        (
            BiasedSplit(allocation="biased", minority=["odd"], fraction=0.1, seed=0),
            r"^splits\.mine\.minority: no group odd; there are all",
        ),
        (
            BiasedSplit(allocation="biased", minority=["all"], fraction=0.1, seed=0),
            r"^splits\.mine\.minority: 898 of 898 images, expected a part of them",
        ),
    ],
)
def test_a_mistake_is_named_by_its_row(
    row: FractionSplit | SequentialSplit | BiasedSplit, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        parts_of("mine", row, load(digits().dataset))


def test_minorities_are_named_as_the_dataset_names_its_groups() -> None:
    dataset = load(digits().dataset)
    groups = np.arange(len(dataset.train)) % 3
    grouped = replace(
        dataset,
        group_names=("thin", "bold", "slanted"),
        train=replace(dataset.train, groups=groups),
    )
    row = BiasedSplit(allocation="biased", minority=["slanted", "bold"], fraction=0.0, seed=0)
    parts = parts_of("mine", row, grouped)
    np.testing.assert_array_equal(parts["old"], np.flatnonzero(groups == 0))
    np.testing.assert_array_equal(parts["new"], np.arange(len(groups)))
