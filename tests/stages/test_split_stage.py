"""Stage split: every share of every split as a file, and mistakes named by their row."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.artifacts import PARTS, Layout, load_array
from backfill.datasets import load
from backfill.errors import InputError
from backfill.relevance import Relevance
from backfill.stages.split import shares_of, split

from .made import DIGITS, ROWS, split_plan, split_row

# All but the one by groups, which digits do not have.
SPLITS = {name: row for name, row in ROWS.splits.items() if name != "biased"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(root=tmp_path)


def test_every_encoder_finds_its_rows_and_images(layout: Layout) -> None:
    done = split(split_plan(**SPLITS), layout)
    dataset = load(DIGITS.dataset)
    for part in PARTS:
        items = getattr(dataset, part)
        np.testing.assert_array_equal(load_array(layout.images(part)), items.images)
        np.testing.assert_array_equal(load_array(layout.labels(part)), items.labels)
        np.testing.assert_array_equal(load_array(layout.groups(part)), items.groups)
    assert done.items == sum(len(getattr(dataset, part)) for part in PARTS)
    written = 0
    for name, row in SPLITS.items():
        shares = shares_of(name, row, dataset)
        assert list(shares) == row.shares
        for share, rows in shares.items():
            np.testing.assert_array_equal(load_array(layout.share(f"{name}/{share}")), rows)
            written += 1
    assert len(list((layout.split / "shares").rglob("*.npy"))) == written
    for encoder in ROWS.trained.values():
        if not encoder.trains_on.startswith("biased/"):
            assert len(load_array(layout.share(encoder.trains_on)))
    relevance = Relevance.load(layout.relevance)
    assert relevance.num_queries == len(dataset.query)
    assert relevance.gallery_size == len(dataset.gallery)


def test_only_the_splits_of_the_plan_are_made(layout: Layout) -> None:
    split(split_plan(extended_class=SPLITS["extended_class"]), layout)
    assert [path.name for path in (layout.split / "shares").iterdir()] == ["extended_class"]
    split(split_plan(expansion=SPLITS["expansion"]), layout)
    assert [path.name for path in (layout.split / "shares").iterdir()] == ["expansion"]


def test_an_impossible_split_names_its_row_and_leaves_nothing(layout: Layout) -> None:
    row = split_row(allocation="open_class", fraction=0.1, seed=0)
    with pytest.raises(InputError) as found:
        split(split_plan(open_class=row), layout)
    assert str(found.value) == (
        "splits.open_class.fraction: expected one that gives the old encoder 2 to 10 of 10 "
        "classes, got 0.1, which gives 1"
    )
    assert not layout.split.exists()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"allocation": "open_data", "fraction": 1.0},
            r"^splits\.mine\.fraction: expected one that leaves the new encoder at least 2 of 10 "
            r"classes, got 1\.0, which leaves 0",
        ),
        (
            {"allocation": "sequential", "fractions": [0.5, 0.2]},
            r"^splits\.mine\.fractions: expected rising fractions, got \[0\.5, 0\.2\]",
        ),
        (
            {"allocation": "biased", "minority": ["odd"], "fraction": 0.1},
            r"^splits\.mine\.minority: expected some of all, got odd",
        ),
        (
            {"allocation": "biased", "minority": ["all"], "fraction": 0.1},
            r"^splits\.mine\.minority: expected groups with some of the 898 training images but "
            r"not all, got 898",
        ),
    ],
)
def test_a_mistake_is_named_by_its_row(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        shares_of("mine", split_row(**row, seed=0), load(DIGITS.dataset))


def test_minorities_are_named_as_the_dataset_names_its_groups() -> None:
    dataset = load(DIGITS.dataset)
    groups = np.arange(len(dataset.train)) % 3
    grouped = replace(
        dataset,
        group_names=("thin", "bold", "slanted"),
        train=replace(dataset.train, groups=groups),
    )
    row = split_row(allocation="biased", minority=["slanted", "bold"], fraction=0.0, seed=0)
    shares = shares_of("mine", row, grouped)
    np.testing.assert_array_equal(shares["old"], np.flatnonzero(groups == 0))
    np.testing.assert_array_equal(shares["new"], np.arange(len(groups)))
