"""Which items are positive and which are ignored, and the file that says so."""

from pathlib import Path

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.retrieval import Relevance


def test_labels() -> None:
    relevance = Relevance.from_labels([5, 9, 2], [2, 5, 5, 2, 7])
    assert (relevance.num_queries, relevance.gallery_size) == (3, 5)
    assert [relevance.positives(q).tolist() for q in range(3)] == [[1, 2], [], [0, 3]]
    assert [relevance.ignored(q).tolist() for q in range(3)] == [[], [], []]


def test_labels_without_the_query_itself() -> None:
    relevance = Relevance.from_labels([1, 1, 2], [1, 1, 2], ignore_self=True)
    assert [relevance.positives(q).tolist() for q in range(3)] == [[1], [0], []]
    assert [relevance.ignored(q).tolist() for q in range(3)] == [[0], [1], [2]]


def test_positions_of_the_queries() -> None:
    relevance = Relevance.from_labels([1, 1], [1, 0, 1], True, query_positions=[2, 0])
    assert [relevance.positives(q).tolist() for q in range(2)] == [[0], [2]]


def test_labels_do_not_cost_queries_times_class_size() -> None:
    relevance = Relevance.from_labels(np.zeros(3000, int), np.zeros(3000, int), ignore_self=True)
    assert len(relevance.positive_indices) == 3000


def test_labels_may_be_strings() -> None:
    labels = np.array(["card", "atm", "card"], object)  # as data frames have them
    relevance = Relevance.from_labels(["card", "refund"], labels)
    assert [relevance.positives(q).tolist() for q in range(2)] == [[0, 2], []]


def test_lists_without_ignored_items() -> None:
    relevance = Relevance.from_lists([[4, 0, 2], []], gallery_size=5)
    assert [relevance.positives(q).tolist() for q in range(2)] == [[0, 2, 4], []]
    assert [relevance.ignored(q).tolist() for q in range(2)] == [[], []]


def test_lists() -> None:
    relevance = Relevance.from_lists([[4, 0, 2], []], [[2], np.array([1, 0])], 5)
    assert [relevance.positives(q).tolist() for q in range(2)] == [[0, 4], []]
    assert [relevance.ignored(q).tolist() for q in range(2)] == [[2], [0, 1]]


def test_lists_with_empty_rows_between() -> None:
    """The step from one row to the next is not taken for a step within a row."""
    rows = [[], [3], [], [], [3], [0, 3], []]
    relevance = Relevance.from_lists(rows, rows[::-1], 4)
    assert [relevance.ignored(q).tolist() for q in range(7)] == rows[::-1]


def test_save_and_load(tmp_path: Path) -> None:
    relevance = Relevance.from_lists([[4, 0, 2], []], [[2], [1, 0]], 5)
    relevance.save(tmp_path / "a.npz")
    relevance.save(tmp_path / "b.npz")
    loaded = Relevance.load(tmp_path / "a.npz")
    assert loaded.gallery_size == 5
    for q in range(2):
        np.testing.assert_array_equal(loaded.positives(q), relevance.positives(q))
        np.testing.assert_array_equal(loaded.ignored(q), relevance.ignored(q))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_the_bytes_do_not_hold_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relevance = Relevance.from_labels([0, 1], [0, 1])
    relevance.save(tmp_path / "now.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    relevance.save(tmp_path / "later.npz")
    assert (tmp_path / "now.npz").read_bytes() == (tmp_path / "later.npz").read_bytes()


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "relevance.npz"
    Relevance.from_labels([0], [0]).save(path)
    content = path.read_bytes()

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(InputError, match=r"relevance\.npz: cannot be written \(no space left\)"):
        Relevance.from_labels([1, 1], [1, 1]).save(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("keep", [0, 30, -40])
def test_a_truncated_file_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "relevance.npz"
    Relevance.from_labels([0, 1], [0, 1]).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"relevance\.npz: expected a relevance file, got: "):
        Relevance.load(path)


def test_every_flipped_byte_of_the_data_is_noticed_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "relevance.npz"
    relevance = Relevance.from_lists([[4, 0, 2], []], [[2], [1, 0]], 5)
    relevance.save(path)
    content = path.read_bytes()
    for at in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[at] ^= 0xFF
        path.write_bytes(bytes(flipped))
        try:
            loaded = Relevance.load(path)
        except InputError as error:
            assert "relevance.npz" in str(error)  # noqa: PT017
        else:
            np.testing.assert_array_equal(loaded.positives(0), relevance.positives(0))


def test_other_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.npz: expected a relevance file, got no such"):
        Relevance.load(tmp_path / "absent.npz")
    np.savez(tmp_path / "other.npz", labels=np.arange(3))
    with pytest.raises(InputError, match=r"other\.npz: expected a relevance file, got: "):
        Relevance.load(tmp_path / "other.npz")
    np.save(tmp_path / "array.npy", np.arange(3))
    with pytest.raises(InputError, match=r"array\.npy: expected a relevance file, got: "):
        Relevance.load(tmp_path / "array.npy")


def test_a_file_that_points_outside_the_gallery_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "relevance.npz"
    Relevance.from_labels([0, 1], [0, 1]).save(path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["positive_indices"] = np.array([0, 2])
    np.savez(path, **arrays)
    with pytest.raises(
        InputError, match=r"relevance\.npz: .* positives\[1\]: expected indices in 0\.\.1, got 2"
    ):
        Relevance.load(path)


def test_relevance_among_some_items_numbers_them_anew() -> None:
    labels = np.array([0, 1, 0, 2, 1, 0])
    whole = Relevance.from_labels(labels[:3], labels, True, np.arange(3))
    items = np.array([0, 2, 4, 5])
    some = whole.among(items)
    assert some.gallery_size == 4
    for query in range(3):
        expected = np.flatnonzero(np.isin(items, whole.positives(query)))
        np.testing.assert_array_equal(some.positives(query), expected)
        left = np.flatnonzero(np.isin(items, whole.ignored(query)))
        np.testing.assert_array_equal(some.ignored(query), left)
