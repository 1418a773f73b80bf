"""What is searched, and what is left to train on."""

import numpy as np
import pytest

from backfill.datasets import Dataset, load
from backfill.datasets.base import ImageSet
from backfill.datasets.held_out import SEARCHES, searched
from backfill.datasets.readers.glyphs.settings import Glyphs
from backfill.errors import InputError
from backfill.relevance import Relevance

CLASSES, IMAGES = 10, 20


def part(images: int, seed: int) -> ImageSet:
    labels = np.repeat(np.arange(CLASSES), images // CLASSES)
    pixels = np.random.default_rng(seed).integers(0, 256, (images, 1, 2, 2), dtype=np.uint8)
    return ImageSet(pixels, labels, labels % 2)


@pytest.fixture
def dataset() -> Dataset:
    test = part(40, 1)
    return Dataset(
        name="small",
        classes=tuple(map(str, range(CLASSES))),
        group_names=("even", "odd"),
        train=part(CLASSES * IMAGES, 0),
        query=test,
        gallery=test,
        relevance=Relevance.from_labels(test.labels, test.labels, ignore_self=True),
        map_at=5,
    )


def rows(items: ImageSet) -> set[bytes]:
    return {image.tobytes() for image in np.asarray(items.images)}


def test_test_images_are_searched_by_default(dataset: Dataset) -> None:
    assert searched(dataset, "test") is dataset


def test_unseen_classes_do_not_train(dataset: Dataset) -> None:
    found = searched(dataset, "unseen_classes")
    seen, unseen = set(found.train.labels), set(found.gallery.labels)
    assert (len(seen), len(unseen)) == (5, 5)
    assert not seen & unseen
    assert rows(found.gallery) <= rows(dataset.gallery)
    assert len(found.train) == 5 * IMAGES
    assert found.map_at == 5


def test_validation_classes_are_training_images_of_other_classes(dataset: Dataset) -> None:
    found = searched(dataset, "validation_classes")
    chosen = set(found.gallery.labels)
    assert len(chosen) == 2
    assert not chosen & set(found.train.labels)
    assert rows(found.gallery) <= rows(dataset.train)
    assert not chosen & set(searched(dataset, "unseen_classes").gallery.labels)


def test_validation_images_are_of_every_class_and_do_not_train(dataset: Dataset) -> None:
    found = searched(dataset, "validation_images")
    assert np.bincount(found.gallery.labels).tolist() == [2] * CLASSES
    assert not rows(found.gallery) & rows(found.train)
    assert rows(found.gallery) | rows(found.train) == rows(dataset.train)
    assert found.map_at is None


@pytest.mark.parametrize("search", SEARCHES[1:])
def test_what_is_searched_are_queries_among_each_other(dataset: Dataset, search: str) -> None:
    found = searched(dataset, search)  # type: ignore[arg-type]
    assert found.query is found.gallery
    expected = found.gallery.labels == found.gallery.labels[0]
    expected[0] = False
    np.testing.assert_array_equal(found.relevance.positives(0), np.flatnonzero(expected))
    again = searched(dataset, search)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.gallery.images, again.gallery.images)


def test_a_dataset_with_queries_apart_has_no_unseen_classes(dataset: Dataset) -> None:
    apart = Dataset(**{k: v for k, v in vars(dataset).items() if k != "query"}, query=part(40, 2))
    with pytest.raises(InputError, match=r"^dataset\.search: expected test or"):
        searched(apart, "unseen_classes")


def test_settings_say_what_is_searched() -> None:
    settings = Glyphs(classes=10, train_size=100, gallery_size=40, search="unseen_classes")
    found = load(settings)
    assert not set(found.train.labels) & set(found.gallery.labels)
