"""Revisited Oxford and Paris as published."""

from pathlib import Path

import published_trees as trees
import pytest

from backfill.datasets.base import UNLABELLED
from backfill.errors import InputError


@pytest.mark.parametrize(
    ("difficulty", "expected", "left_out"),
    [
        ("easy", [[0, 1], []], [[2, 3, 5], [6, 7]]),
        ("medium", [[0, 1, 5], [6, 7]], [[2, 3], []]),
        ("hard", [[5], [6, 7]], [[0, 1, 2, 3], []]),
    ],
)
def test_the_difficulty_decides_who_is_positive_and_who_is_ignored(
    tmp_path: Path, difficulty: str, expected: list, left_out: list
) -> None:
    dataset = trees.read(trees.roxford5k(tmp_path), difficulty=difficulty)
    assert trees.positives(dataset.relevance) == expected
    assert trees.ignored(dataset.relevance) == left_out


def test_queries_are_cropped_and_medium_is_the_default(tmp_path: Path) -> None:
    dataset = trees.read(trees.roxford5k(tmp_path))
    assert trees.positives(dataset.relevance) == [[0, 1, 5], [6, 7]]
    assert dataset.map_at == 10
    assert dataset.trapezoidal
    assert trees.names(dataset.query) == ["all_souls_000013.jpg", "oxford_002416.jpg"]
    assert trees.names(dataset.gallery)[4] == "radcliffe_000000.jpg"
    # Everything inside the box is white, everything outside it is black.
    assert trees.decode(dataset.query).min() > 240


def test_training_is_on_landmarks_or_on_a_tree(tmp_path: Path) -> None:
    oxford = trees.read(trees.roxford5k(tmp_path / "oxford"))
    assert oxford.classes == ("29", "4", "113", "200", UNLABELLED)
    paris = trees.read(trees.rparis6k(tmp_path / "paris"))
    assert paris.classes == ("arc", "bridge", "dome", "tower", UNLABELLED)
    assert paris.train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert set(paris.gallery.labels) == {4}


def test_everything_that_is_missing_is_one_error(tmp_path: Path) -> None:
    tree = trees.roxford5k(tmp_path)
    (tmp_path / "gnd_roxford5k.pkl").unlink()
    with pytest.raises(InputError) as caught:
        trees.read(tree, train_root=tmp_path / "nowhere")
    for part in (
        "gnd_roxford5k.pkl: the ground truth",
        "nowhere: expected the following, got no such folder",
    ):
        assert part in str(caught.value)
    trees.roxford5k(tmp_path)
    for name in ("all_souls_000002.jpg", "oxford_002416.jpg"):
        (tmp_path / "jpg" / name).unlink()
    with pytest.raises(
        InputError, match=r"expected all 10 images .*, got 8; missing: .*000002.*002416"
    ):
        trees.read(tree)
