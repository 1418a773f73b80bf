"""Every benchmark is read from its published layout."""

from pathlib import Path

import published_trees as trees
import pytest


@pytest.mark.parametrize("make", trees.TREES, ids=lambda make: make.__name__)
def test_every_tree_decodes_and_its_numbers_have_names(make, tmp_path: Path) -> None:
    dataset = trees.read(make(tmp_path))
    assert dataset.name == make.__name__
    width = 64 if dataset.name == "market1501" else 16
    for part in (dataset.train, dataset.query, dataset.gallery):
        assert trees.decode(part).shape == (len(part), 3, 16, width)
    assert len(dataset.train) == 16
    assert dataset.relevance.num_queries == len(dataset.query)
    assert dataset.relevance.gallery_size == len(dataset.gallery)
