import numpy as np

from backfill.datasets import Digits, load


def test_digits_fill_the_range_and_every_class_is_split() -> None:
    dataset = load(Digits(test_fraction=0.25))
    assert len(dataset.train) + len(dataset.gallery) == 1797
    assert dataset.train.images.shape[1:] == (1, 8, 8)
    assert dataset.train.images.max() == 255
    shares = np.bincount(dataset.gallery.labels) / np.bincount(
        np.concatenate([dataset.train.labels, dataset.gallery.labels])
    )
    np.testing.assert_allclose(shares, 0.25, atol=0.01)
    assert dataset.query is dataset.gallery
    assert not dataset.gallery.groups.any()


def test_split_follows_the_seed() -> None:
    first, again, other = (load(Digits(seed=seed)).train.images for seed in (0, 0, 1))
    assert first.tobytes() == again.tobytes() != other.tobytes()
