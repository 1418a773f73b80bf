"""VGGFace2 as published."""

from pathlib import Path

import published_trees as trees
import pytest

from backfill.errors import InputError


def test_groups_are_genders_and_no_test_person_is_trained_on(tmp_path: Path) -> None:
    dataset = trees.read(trees.vggface2(tmp_path))
    assert dataset.classes == ("n000001", "n000002", "n000003", "n000004", "n000005", "n000009")
    assert dataset.group_names == ("female", "male")
    assert dataset.gallery.labels.tolist() == [0, 0, 5, 5, 5]
    assert dataset.gallery.groups.tolist() == [1, 1, 0, 0, 0]
    # The third name contains a comma.
    assert dataset.train.groups.tolist() == [0] * 4 + [1] * 8 + [0] * 4
    assert trees.positives(dataset.relevance) == [[1], [0], [3, 4], [2, 4], [2, 3]]


def test_everything_that_is_missing_is_one_error(tmp_path: Path) -> None:
    tree = {"name": "vggface2", "root": tmp_path}
    with pytest.raises(InputError) as caught:
        trees.read(tree)
    for part in ("train/: a folder of images for each person", "test/: ", "identity_meta.csv"):
        assert part in str(caught.value)


def test_unknown_people_and_genders_are_named(tmp_path: Path) -> None:
    tree = trees.vggface2(tmp_path)
    path = tmp_path / "identity_meta.csv"
    text = path.read_text()
    (tmp_path / "meta").mkdir()
    path.rename(tmp_path / "meta" / "identity_meta.csv")
    assert trees.read(tree).group_names == ("female", "male")
    path.write_text("\n".join(text.splitlines()[:4]))
    with pytest.raises(
        InputError, match="expected a line for each person, got none for n000004, n000005, n000009"
    ):
        trees.read(tree)
    path.write_text(text.replace("387, 1, m", "387, 1, x"))
    with pytest.raises(InputError, match="line 5: expected gender m or f, got 'x'"):
        trees.read(tree)
    path.write_text("a,b\n")
    with pytest.raises(InputError, match=r"expected columns Class_ID, .*, got 'a,b'"):
        trees.read(tree)
