import numpy as np
import pytest

from backfill.datasets import Dataset, ImageSet
from backfill.errors import InputError
from backfill.relevance import Relevance


def image_set(labels: list[int]) -> ImageSet:
    count = len(labels)
    images = np.arange(count * 4, dtype=np.uint8).reshape(count, 1, 2, 2)
    return ImageSet(images, np.array(labels, np.int64), np.zeros(count, np.int64))


def dataset(train: list[int], gallery: list[int], classes: tuple[str, ...] = ("a", "b")) -> Dataset:
    items = image_set(gallery)
    relevance = Relevance.from_labels(items.labels, items.labels, ignore_self=True)
    return Dataset("toy", classes, ("all",), image_set(train), items, items, relevance)


def test_image_set_takes_and_slices() -> None:
    items = image_set([0, 1, 2, 3])
    assert len(items) == 4
    assert items.take(np.array([3, 1])).labels.tolist() == [3, 1]
    assert items[1:3].labels.tolist() == [1, 2]
    assert items[1:3].images.base is not None


def test_image_set_refuses_wrong_lengths_shapes_and_types() -> None:
    items = image_set([0, 1])
    with pytest.raises(InputError, match=r"labels: expected \(2,\) int64, got \(1,\) int64"):
        ImageSet(items.images, items.labels[:1], items.groups)
    with pytest.raises(InputError, match=r"groups: expected .*, got .*float64"):
        ImageSet(items.images, items.labels, items.groups.astype(float))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"images: expected .*, got"):
        ImageSet(items.images[:, 0], items.labels, items.groups)


def test_empty_set_is_an_error() -> None:
    with pytest.raises(InputError, match="expected at least one"):
        image_set([])


def test_one_class_is_an_error_that_names_the_part_and_the_class() -> None:
    assert dataset([0, 1], [0, 1]).query.labels.tolist() == [0, 1]
    with pytest.raises(InputError, match="train: expected at least two classes, got one, 'b'"):
        dataset([1, 1], [0, 1])
    with pytest.raises(InputError, match="gallery: expected at least two classes, got one, 'a'"):
        dataset([0, 1], [0, 0])


def test_labels_without_a_name_are_an_error() -> None:
    with pytest.raises(InputError, match="train labels: expected 0 to 1, got 0 to 2"):
        dataset([0, 2], [0, 1])
