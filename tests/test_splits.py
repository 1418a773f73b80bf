"""Who trains on what."""

from collections.abc import Callable

import numpy as np
import pytest

from backfill import splits
from backfill.errors import InputError

# Ten classes of 3 to 30 items, in no order.
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), np.arange(3, 33, 3)))
ROWS = np.arange(len(LABELS))
SIZES = np.bincount(LABELS)

Parts = dict[str, np.ndarray]
ALLOCATIONS: dict[str, Callable[[int], Parts]] = {
    "extended_class": lambda seed: splits.extended_class(LABELS, 0.3, seed),
    "open_class": lambda seed: splits.open_class(LABELS, 0.3, seed),
    "expansion": lambda seed: splits.expansion(LABELS, 0.3, seed),
    "open_data": lambda seed: splits.open_data(LABELS, 0.3, seed),
    "sequential": lambda seed: splits.sequential(LABELS, [0.3, 0.6, 0.8, 1.0], seed),
    "biased": lambda seed: splits.biased(LABELS, LABELS % 3, [1, 2], 0.3, seed),
}
NESTED = ("extended_class", "expansion", "biased")
DISJOINT = ("open_class", "open_data")


def classes(rows: np.ndarray) -> list[int]:
    return np.unique(LABELS[rows]).tolist()


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_the_seed_decides_and_rows_ascend(name: str) -> None:
    first, again = ALLOCATIONS[name](3), ALLOCATIONS[name](3)
    for part, rows in first.items():
        np.testing.assert_array_equal(rows, again[part])
        assert (np.diff(rows) > 0).all()
        assert rows.dtype == np.int64
    old = next(iter(first))
    assert len({tuple(ALLOCATIONS[name](seed)[old]) for seed in range(5)}) > 1


@pytest.mark.parametrize("name", NESTED)
def test_the_new_encoder_sees_all_and_the_old_one_a_part(name: str) -> None:
    parts = ALLOCATIONS[name](0)
    assert list(parts) == ["old", "new"]
    np.testing.assert_array_equal(parts["new"], ROWS)
    assert 0 < len(parts["old"]) < len(ROWS)


@pytest.mark.parametrize("name", DISJOINT)
def test_the_new_encoder_sees_what_the_old_one_did_not(name: str) -> None:
    parts = ALLOCATIONS[name](0)
    assert list(parts) == ["old", "new"]
    assert not set(parts["old"]) & set(parts["new"])
    np.testing.assert_array_equal(np.union1d(parts["old"], parts["new"]), ROWS)


@pytest.mark.parametrize("name", ["extended_class", "open_class"])
def test_a_share_of_the_classes_is_whole_classes(name: str) -> None:
    parts = ALLOCATIONS[name](0)
    assert len(classes(parts["old"])) == 3
    np.testing.assert_array_equal(parts["old"], ROWS[np.isin(LABELS, classes(parts["old"]))])


def test_open_classes_are_shared_by_neither() -> None:
    parts = ALLOCATIONS["open_class"](0)
    assert len(classes(parts["new"])) == 7
    assert not set(classes(parts["old"])) & set(classes(parts["new"]))


@pytest.mark.parametrize("name", ["expansion", "open_data"])
def test_a_share_of_the_images_is_that_share_of_every_class(name: str) -> None:
    old = ALLOCATIONS[name](0)["old"]
    np.testing.assert_array_equal(np.bincount(LABELS[old]), np.round(0.3 * SIZES))


def test_expansion_and_open_data_have_the_same_old_part() -> None:
    np.testing.assert_array_equal(
        ALLOCATIONS["expansion"](4)["old"], ALLOCATIONS["open_data"](4)["old"]
    )


def test_generations_are_growing_shares_of_every_class() -> None:
    parts = ALLOCATIONS["sequential"](0)
    assert list(parts) == ["gen0", "gen1", "gen2", "gen3"]
    for share, rows in zip([0.3, 0.6, 0.8, 1.0], parts.values(), strict=True):
        np.testing.assert_array_equal(np.bincount(LABELS[rows]), np.round(share * SIZES))
    generations = [set(rows) for rows in parts.values()]
    assert generations[0] < generations[1] < generations[2] < generations[3] == set(ROWS)


def test_generations_need_not_end_at_all_of_the_data() -> None:
    parts = splits.sequential(LABELS, [0.2, 0.5], 0)
    np.testing.assert_array_equal(np.bincount(LABELS[parts["gen1"]]), np.round(0.5 * SIZES))


@pytest.mark.parametrize("make", [splits.expansion, splits.open_data])
def test_every_class_has_an_image_in_the_smallest_share(
    make: Callable[[np.ndarray, float, int], Parts],
) -> None:
    labels = np.array([5, 1, 1, 9, 9, 9, 9, 9])
    old = make(labels, 0.01, 0)["old"]
    assert sorted(labels[old]) == [1, 5, 9]
    generations = splits.sequential(labels, [0.01, 0.5], 0)
    assert sorted(labels[generations["gen0"]]) == [1, 5, 9]


def test_the_old_encoder_sees_all_of_the_majority_and_some_of_the_minority() -> None:
    labels = np.arange(3000) % 7
    groups = np.arange(3000) % 3
    old = splits.biased(labels, groups, [1], 0.2, 0)["old"]
    seen = np.bincount(groups[old])
    assert seen[0] == seen[2] == 1000
    assert 150 < seen[1] < 250
    none = splits.biased(labels, groups, [1, 2], 0.0, 0)["old"]
    np.testing.assert_array_equal(none, np.flatnonzero(groups == 0))


@pytest.mark.parametrize(
    ("labels", "fraction", "message"),
    [
        ([0, 0, 0], 0.5, "1 class in the training set, expected at least 2"),
        ([], 0.5, "0 class in the training set"),
        ([0, 1, 2, 3], 0.25, "fraction: 0.25 of 4 classes is 1, expected 2 to 4"),
        ([0, 1, 2, 3], 1.5, "fraction: 1.5 of 4 classes is 6, expected 2 to 4"),
    ],
)
@pytest.mark.parametrize("make", [splits.extended_class, splits.open_class])
def test_impossible_shares_of_classes_say_why(
    labels: list[int],
    fraction: float,
    message: str,
    make: Callable[[np.ndarray, float, int], Parts],
) -> None:
    with pytest.raises(InputError, match=message):
        make(np.array(labels), fraction, 0)


@pytest.mark.parametrize(
    ("make", "fraction", "found"),
    [(splits.open_class, 0.8, 1), (splits.open_class, 1.0, 0), (splits.open_data, 1.0, 0)],
)
def test_the_new_encoder_needs_two_classes_as_well(
    make: Callable[[np.ndarray, float, int], Parts], fraction: float, found: int
) -> None:
    labels = np.repeat(np.arange(5), 4)
    message = (
        f"fraction: {fraction} leaves the new encoder {found} of 5 classes, expected at least 2"
    )
    with pytest.raises(InputError, match=message):
        make(labels, fraction, 0)


@pytest.mark.parametrize("fractions", [[0.6, 0.3], [0.3, 0.3, 1.0]])
def test_shares_of_generations_rise(fractions: list[float]) -> None:
    with pytest.raises(InputError, match=r"fractions: \[.*\], expected rising shares"):
        splits.sequential(LABELS, fractions, 0)


@pytest.mark.parametrize(("minority", "count"), [([], 0), ([9], 0), ([0, 1, 2], 12)])
def test_the_minority_is_a_part(minority: list[int], count: int) -> None:
    groups = np.arange(12) % 3
    with pytest.raises(InputError, match=f"minority: {count} of 12 images, expected a part"):
        splits.biased(np.arange(12) % 4, groups, minority, 0.5, 0)


def test_a_bias_leaves_the_old_encoder_two_classes() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    groups = np.array([0, 0, 1, 1, 1, 1])
    with pytest.raises(
        InputError,
        match=r"fraction: 0\.0 leaves the old encoder 1 of 3 classes, expected at least 2",
    ):
        splits.biased(labels, groups, [1], 0.0, 0)
