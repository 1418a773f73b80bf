"""Who trains on what: the shares of each allocation, and the row that chooses it."""

import inspect
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest

from backfill.datasets import splits
from backfill.datasets.splits import TrainingSet
from backfill.errors import InputError
from backfill.params.rows.splits import BiasedSplit, FractionSplit, SequentialSplit, Undivided

# Ten classes of 3 to 30 items, shuffled; the groups are the classes modulo 3.
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), np.arange(3, 33, 3)))
GROUPS, GROUP_NAMES = LABELS % 3, ("thin", "bold", "slanted")
TRAINING = TrainingSet(LABELS, GROUPS, GROUP_NAMES)
ROWS = np.arange(len(LABELS))
SIZES = np.bincount(LABELS)

Shares = dict[str, np.ndarray]
Allocation = Callable[[TrainingSet, float, int], Shares]
ALLOCATIONS: dict[str, Callable[[int], Shares]] = {
    "extended_class": lambda seed: splits.extended_class(TRAINING, 0.3, seed),
    "open_class": lambda seed: splits.open_class(TRAINING, 0.3, seed),
    "expansion": lambda seed: splits.expansion(TRAINING, 0.3, seed),
    "open_data": lambda seed: splits.open_data(TRAINING, 0.3, seed),
    "sequential": lambda seed: splits.sequential(TRAINING, [0.3, 0.6, 0.8, 1.0], seed),
    "biased": lambda seed: splits.biased(TRAINING, ["bold", "slanted"], 0.3, seed),
}
NESTED = ("extended_class", "expansion", "biased")
DISJOINT = ("open_class", "open_data")


def ungrouped(labels: np.ndarray) -> TrainingSet:
    return TrainingSet(labels, np.zeros_like(labels), ("all",))


def classes(rows: np.ndarray) -> list[int]:
    return np.unique(LABELS[rows]).tolist()


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_the_seed_decides_and_rows_ascend(name: str) -> None:
    first, again = ALLOCATIONS[name](3), ALLOCATIONS[name](3)
    for share, rows in first.items():
        np.testing.assert_array_equal(rows, again[share])
        assert (np.diff(rows) > 0).all()
        assert rows.dtype == np.int64
    old = next(iter(first))
    assert len({tuple(ALLOCATIONS[name](seed)[old]) for seed in range(5)}) > 1


@pytest.mark.parametrize("name", NESTED)
def test_the_new_encoder_sees_all_and_the_old_one_some(name: str) -> None:
    shares = ALLOCATIONS[name](0)
    assert list(shares) == ["old", "new"]
    np.testing.assert_array_equal(shares["new"], ROWS)
    assert 0 < len(shares["old"]) < len(ROWS)


@pytest.mark.parametrize("name", DISJOINT)
def test_the_new_encoder_sees_what_the_old_one_did_not(name: str) -> None:
    shares = ALLOCATIONS[name](0)
    assert list(shares) == ["old", "new"]
    assert not set(shares["old"]) & set(shares["new"])
    np.testing.assert_array_equal(np.union1d(shares["old"], shares["new"]), ROWS)


@pytest.mark.parametrize("name", ["extended_class", "open_class"])
def test_a_fraction_of_the_classes_is_whole_classes(name: str) -> None:
    shares = ALLOCATIONS[name](0)
    assert len(classes(shares["old"])) == 3
    np.testing.assert_array_equal(shares["old"], ROWS[np.isin(LABELS, classes(shares["old"]))])


def test_open_classes_are_seen_by_one_encoder_only() -> None:
    shares = ALLOCATIONS["open_class"](0)
    assert len(classes(shares["new"])) == 7
    assert not set(classes(shares["old"])) & set(classes(shares["new"]))


@pytest.mark.parametrize("name", ["expansion", "open_data"])
def test_a_fraction_of_the_images_is_that_fraction_of_every_class(name: str) -> None:
    old = ALLOCATIONS[name](0)["old"]
    np.testing.assert_array_equal(np.bincount(LABELS[old]), np.round(0.3 * SIZES))


def test_expansion_and_open_data_have_the_same_old_share() -> None:
    np.testing.assert_array_equal(
        ALLOCATIONS["expansion"](4)["old"], ALLOCATIONS["open_data"](4)["old"]
    )


def test_generations_are_growing_fractions_of_every_class() -> None:
    shares = ALLOCATIONS["sequential"](0)
    assert list(shares) == ["gen0", "gen1", "gen2", "gen3"]
    for fraction, rows in zip([0.3, 0.6, 0.8, 1.0], shares.values(), strict=True):
        np.testing.assert_array_equal(np.bincount(LABELS[rows]), np.round(fraction * SIZES))
    generations = [set(rows) for rows in shares.values()]
    assert generations[0] < generations[1] < generations[2] < generations[3] == set(ROWS)


def test_generations_need_not_end_at_all_of_the_data() -> None:
    shares = splits.sequential(TRAINING, [0.2, 0.5], 0)
    np.testing.assert_array_equal(np.bincount(LABELS[shares["gen1"]]), np.round(0.5 * SIZES))


@pytest.mark.parametrize("make", [splits.expansion, splits.open_data])
def test_every_class_has_an_image_in_the_smallest_fraction(
    make: Allocation,
) -> None:
    labels = np.array([5, 1, 1, 9, 9, 9, 9, 9])
    old = make(ungrouped(labels), 0.01, 0)["old"]
    assert sorted(labels[old]) == [1, 5, 9]
    generations = splits.sequential(ungrouped(labels), [0.01, 0.5], 0)
    assert sorted(labels[generations["gen0"]]) == [1, 5, 9]


def test_the_old_encoder_sees_all_of_the_majority_and_some_of_the_minority() -> None:
    labels = np.arange(3000) % 7
    groups = np.arange(3000) % 3
    training = TrainingSet(labels, groups, GROUP_NAMES)
    old = splits.biased(training, ["bold"], 0.2, 0)["old"]
    seen = np.bincount(groups[old])
    assert seen[0] == seen[2] == 1000
    assert 150 < seen[1] < 250
    none = splits.biased(training, ["slanted", "bold"], 0.0, 0)["old"]
    np.testing.assert_array_equal(none, np.flatnonzero(groups == 0))


@pytest.mark.parametrize(
    ("labels", "fraction", "message"),
    [
        ([0, 0, 0], 0.5, "fraction: expected at least 2 classes to choose from, got 1"),
        ([], 0.5, "fraction: expected at least 2 classes to choose from, got 0"),
        (
            [0, 1, 2, 3],
            0.25,
            "fraction: expected one .* 2 to 4 of 4 classes, got 0.25, which gives 1",
        ),
        (
            [0, 1, 2, 3],
            1.5,
            "fraction: expected one .* 2 to 4 of 4 classes, got 1.5, which gives 6",
        ),
    ],
)
@pytest.mark.parametrize("make", [splits.extended_class, splits.open_class])
def test_impossible_fractions_of_classes_say_why(
    labels: list[int],
    fraction: float,
    message: str,
    make: Allocation,
) -> None:
    with pytest.raises(InputError, match=message):
        make(ungrouped(np.array(labels, np.int64)), fraction, 0)


@pytest.mark.parametrize(
    ("make", "fraction", "found"),
    [(splits.open_class, 0.8, 1), (splits.open_class, 1.0, 0), (splits.open_data, 1.0, 0)],
)
def test_the_new_encoder_needs_two_classes_as_well(
    make: Allocation, fraction: float, found: int
) -> None:
    labels = np.repeat(np.arange(5), 4)
    message = (
        "fraction: expected one that leaves the new encoder at least 2 of 5 classes, "
        f"got {fraction}, which leaves {found}"
    )
    with pytest.raises(InputError, match=message):
        make(ungrouped(labels), fraction, 0)


@pytest.mark.parametrize("fractions", [[0.6, 0.3], [0.3, 0.3, 1.0]])
def test_fractions_of_generations_rise(fractions: list[float]) -> None:
    with pytest.raises(InputError, match=r"fractions: expected rising fractions, got \[.*\]"):
        splits.sequential(TRAINING, fractions, 0)


@pytest.mark.parametrize(
    ("minority", "count"), [([], 0), (["none"], 0), (["thin", "bold", "slanted"], 12)]
)
def test_the_minority_is_some_of_the_images(minority: list[str], count: int) -> None:
    training = TrainingSet(np.arange(12) % 4, np.arange(12) % 3, (*GROUP_NAMES, "none"))
    message = f"minority: expected groups with some of the 12 .* but not all, got {count} images"
    with pytest.raises(InputError, match=message):
        splits.biased(training, minority, 0.5, 0)


def test_unknown_groups_are_named_with_those_that_there_are() -> None:
    message = "^minority: expected some of thin, bold, slanted, got fat, wide$"
    with pytest.raises(InputError, match=message):
        splits.biased(TRAINING, ["wide", "bold", "fat"], 0.5, 0)


def test_a_bias_leaves_the_old_encoder_two_classes() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    groups = np.array([0, 0, 1, 1, 1, 1])
    with pytest.raises(
        InputError,
        match=r"fraction: expected .* the old encoder at least 2 of 3 classes, got 0\.0, .* 1$",
    ):
        splits.biased(TrainingSet(labels, groups, GROUP_NAMES), ["bold"], 0.0, 0)


ROWS_OF_PARAMS = [
    *(
        FractionSplit(allocation=name, fraction=0.3, seed=2)
        for name in get_args(FractionSplit.model_fields["allocation"].annotation)
    ),
    SequentialSplit(allocation="sequential", fractions=[0.3, 0.6], seed=2),
    BiasedSplit(allocation="biased", minority=["slanted", "bold"], fraction=0.3, seed=2),
    Undivided(allocation="undivided"),
]


@pytest.mark.parametrize("row", ROWS_OF_PARAMS, ids=lambda row: row.allocation)
def test_the_settings_of_a_row_are_the_arguments_of_its_function(row: Any) -> None:
    function = splits.ALLOCATIONS[row.allocation]
    settings = row.model_dump(exclude={"allocation"})
    assert list(inspect.signature(function).parameters) == ["training", *settings]
    shares = splits.shares_of(row, LABELS, GROUPS, GROUP_NAMES)
    assert list(shares) == row.shares
    for share, rows in function(TRAINING, **settings).items():
        np.testing.assert_array_equal(shares[share], rows)


def test_every_allocation_is_tested_and_has_a_row() -> None:
    assert list(splits.ALLOCATIONS) == [*ALLOCATIONS, "undivided"]
    assert set(splits.ALLOCATIONS) == {row.allocation for row in ROWS_OF_PARAMS}


def test_what_is_undivided_is_one_share() -> None:
    (rows,) = splits.undivided(TRAINING).values()
    np.testing.assert_array_equal(rows, np.arange(len(LABELS)))
