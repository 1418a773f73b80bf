"""Places-365 as published, and random subsets of it."""

from pathlib import Path

import published_trees as trees


def test_random_subsets_keep_labels_with_their_images(tmp_path: Path) -> None:
    tree = trees.places365(tmp_path)
    whole, part = trees.read(tree), trees.read(tree, max_train=7, max_test=5)
    assert (len(part.train), len(part.gallery)) == (7, 5)
    for some, all_ in ((part.train, whole.train), (part.gallery, whole.gallery)):
        label = dict(zip(trees.names(all_), all_.labels.tolist(), strict=True))
        assert [label[name] for name in trees.names(some)] == some.labels.tolist()
        # They keep the order of the whole set.
        assert trees.names(some) == [
            name for name in trees.names(all_) if name in set(trees.names(some))
        ]
    assert part.query is part.gallery
    assert part.relevance.gallery_size == 5
    drawn = {
        tuple(trees.names(trees.read(tree, max_train=7, seed=seed).train)) for seed in range(4)
    }
    assert len(drawn) > 1
