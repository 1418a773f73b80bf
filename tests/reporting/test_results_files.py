from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.results import MethodResult


def test_what_is_saved_is_loaded(results, tmp_path):
    saved = results["rm"]
    saved.save(tmp_path)
    loaded = MethodResult.load(tmp_path)

    assert loaded.name == "rm"
    assert len(loaded.curves) == len(saved.curves)
    for before, after in zip(saved.curves, loaded.curves, strict=True):
        np.testing.assert_array_equal(after.fraction, before.fraction)
        np.testing.assert_array_equal(
            after.average_precision, before.average_precision.astype(np.float32)
        )
        assert after.hits.keys() == before.hits.keys()
        for k, hits in before.hits.items():
            np.testing.assert_array_equal(after.hits[k], hits)
    for side, histogram in saved.distances.items():
        for key, values in vars(histogram).items():
            np.testing.assert_array_equal(getattr(loaded.distances[side], key), values)


def test_saved_bytes_depend_on_the_result_alone(results, tmp_path):
    for folder in ("a", "b"):
        results["rm"].save(tmp_path / folder)
    for name in ("curves.npz", "distances.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        # Two saves within a second would agree even if they held the time.
        with ZipFile(tmp_path / "a" / name) as archive:
            assert {member.date_time[0] for member in archive.infolist()} == {1980}


def test_saving_leaves_nothing_else_behind(results, tmp_path):
    results["rm"].save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.npz", "distances.npz"]


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 4 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 4)
    path.write_bytes(bytes(data))


def hold_one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def hold_other_arrays(path: Path) -> None:
    np.savez(path, something=np.zeros(3))


def hold_objects(path: Path) -> None:
    np.savez(path, name=np.array([{}], dtype=object))


@pytest.mark.parametrize("name", ["curves.npz", "distances.npz"])
@pytest.mark.parametrize(
    "damage",
    [remove, truncate, empty, scribble, hold_one_array, hold_other_arrays, hold_objects],
)
def test_a_damaged_file_is_named_in_one_error(results, tmp_path, name, damage):
    results["rm"].save(tmp_path)
    damage(tmp_path / name)
    with pytest.raises(InputError, match=name):
        MethodResult.load(tmp_path)


WRONG = {
    "a fraction of 2": ("curves", "fraction", -1, 2, "expected fractions in"),
    "precision of NaN at the end": (
        "curves",
        "average_precision",
        (0, 0, -1),
        np.nan,
        "no NaN",
    ),
    "precision of NaN everywhere": ("curves", "average_precision", ..., np.nan, "a query with"),
    "precision of infinity": ("curves", "average_precision", (0, 0, 0), np.inf, "shares in"),
    "precision of 2": ("curves", "average_precision", (0, 0, 0), 2, "shares in"),
    "edges of NaN": ("distances", "before_edges", 1, np.nan, "rising numbers"),
    "edges that fall": ("distances", "after_edges", 1, 9, "rising numbers"),
    "counts below 0": ("distances", "after_positive", 0, -1, "counts of pairs"),
}


@pytest.mark.parametrize("case", WRONG)
def test_numbers_that_are_no_result_are_named_by_file_and_array(results, tmp_path, case):
    results["rm"].save(tmp_path)
    file, array, at, value, message = WRONG[case]
    path = tmp_path / f"{file}.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays[array][at] = value
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=rf"^{path}: {array.removesuffix('_positive')}.*{message}"):
        MethodResult.load(tmp_path)
