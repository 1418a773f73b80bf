import numpy as np

from backfill.datasets import load
from backfill.datasets.readers.digits import Digits


def test_digits_fill_the_range_and_every_class_is_divided() -> None:
    dataset = load(Digits(test_fraction=0.25))
    assert len(dataset.train) + len(dataset.gallery) == 1797
    assert dataset.train.images.shape[1:] == (1, 8, 8)
    assert dataset.train.images.max() == 255
    fractions = np.bincount(dataset.gallery.labels) / np.bincount(
        np.concatenate([dataset.train.labels, dataset.gallery.labels])
    )
    np.testing.assert_allclose(fractions, 0.25, atol=0.01)
    assert dataset.query is dataset.gallery
    assert not dataset.gallery.groups.any()


def test_the_seed_decides_which_images_are_tested_on() -> None:
    first, again, other = (load(Digits(seed=seed)).train.images for seed in (0, 0, 1))
    assert first.tobytes() == again.tobytes() != other.tobytes()
