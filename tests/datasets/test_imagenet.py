"""ImageNet-1K as published."""

from pathlib import Path

import published_trees as trees
import pytest

from backfill.errors import InputError


def test_the_validation_images_are_tested_on(tmp_path: Path) -> None:
    dataset = trees.read(trees.imagenet(tmp_path))
    assert dataset.classes == ("n01440764", "n01443537", "n01484850", "n01491361")
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert dataset.gallery.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert dataset.query is dataset.gallery
    assert trees.positives(dataset.relevance) == [[1], [0], [3], [2], [5], [4], [7], [6]]
    assert dataset.map_at is None
    # Red tells the part, blue the image within its class.
    assert abs(trees.decode(dataset.gallery)[:, 0].astype(int) - 60).max() < 4
    assert abs(trees.decode(dataset.gallery)[1::2, 2].astype(int) - 40).max() < 4


def test_a_missing_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: expected the following, got no such folder"):
        trees.read({"name": "imagenet", "root": tmp_path / "nowhere"})


def test_validation_images_outside_their_classes_are_an_error(tmp_path: Path) -> None:
    tree = trees.imagenet(tmp_path)
    (tmp_path / "val").rename(tmp_path / "sorted")
    for k in range(3):
        trees.paint(tmp_path / "val" / f"ILSVRC2012_val_0000000{k}.JPEG")
    with pytest.raises(
        InputError, match=r"val: expected <class>/<image> .*, got 3 images outside class folders"
    ):
        trees.read(tree)
