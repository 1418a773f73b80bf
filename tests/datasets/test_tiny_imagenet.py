"""Tiny ImageNet in ImageNet's layout."""

from pathlib import Path
from typing import Any

import published_trees as trees
import pytest

from backfill.datasets.readers.tiny_imagenet import TinyImageNet
from backfill.errors import InputError


def tree(root: Path) -> dict[str, Any]:
    return trees.imagenet(root) | {"name": "tiny_imagenet"}


def test_the_validation_images_are_tested_on(tmp_path: Path) -> None:
    dataset = trees.read(tree(tmp_path))
    assert dataset.name == "tiny_imagenet"
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert dataset.gallery.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert dataset.query is dataset.gallery
    assert TinyImageNet(root=tmp_path).size == 32


def test_the_layout_of_the_challenge_is_an_error(tmp_path: Path) -> None:
    made = tree(tmp_path)
    for folder in (tmp_path / "train").iterdir():
        for image in list(folder.iterdir()):
            (folder / "images").mkdir(exist_ok=True)
            image.rename(folder / "images" / image.name)
    with pytest.raises(InputError, match="train: expected <class>/<image>"):
        trees.read(made)
