"""Market-1501 as published."""

from pathlib import Path

import published_trees as trees
import pytest

from backfill.errors import InputError


def test_queries_ignore_their_own_person_by_their_own_camera(tmp_path: Path) -> None:
    dataset = trees.read(trees.market1501(tmp_path), size=128)
    assert trees.decode(dataset.query).shape == (3, 3, 128, 64)
    # Junk is left out of the gallery; distractors are not.
    assert trees.names(dataset.gallery) == trees.MARKET["bounding_box_test"][2:]
    assert dataset.classes == ("0000", "0001", "0002", "0003", "0007", "0010", "0011")
    assert [dataset.classes[k] for k in dataset.gallery.labels] == (
        ["0000"] * 2 + ["0001"] * 4 + ["0003"] * 2
    )
    assert dataset.group_names[dataset.gallery.groups[1]] == "camera 5"
    assert dataset.query.groups.tolist() == [0, 1, 2]
    # Gallery: 0, 1 distractors; 2, 3 person 1 by camera 1, 4 by 2, 5 by 6; 6, 7 person 3 by 3, 4.
    assert trees.positives(dataset.relevance) == [[4, 5], [2, 3, 5], [7]]
    assert trees.ignored(dataset.relevance) == [[2, 3], [4], [6]]


def test_all_files_with_other_names_are_named(tmp_path: Path) -> None:
    tree = trees.market1501(tmp_path)
    for name in ("me.jpg", "0001_c7s1_000001_01.jpg"):
        trees.paint(tmp_path / "query" / name)
    with pytest.raises(
        InputError,
        match=r"query: expected names such as .*, got 0001_c7s1_000001_01\.jpg, me\.jpg$",
    ):
        trees.read(tree)
