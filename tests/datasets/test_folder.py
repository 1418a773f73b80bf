from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backfill.datasets import ImageSet, load
from backfill.datasets.image_files import ImageFiles, require_decoded
from backfill.datasets.readers.folder import Folder
from backfill.errors import InputError


def paint(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (20, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def pixels(images: ImageSet) -> np.ndarray:
    assert isinstance(images.images, ImageFiles), "decoded too early"
    return images.images.decode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes to train on; one of them and another one to test on."""
    for part, classes in (("train", ("ant", "bee")), ("test", ("bee", "cow"))):
        for k, name in enumerate(classes):
            for number in range(3):
                paint(tmp_path / part / name / f"{number}.png", (100 * k, 50, number))
    return tmp_path


def test_parts_share_one_table_of_classes(root: Path) -> None:
    dataset = load(Folder(root=root, size=8))
    assert dataset.classes == ("ant", "bee", "cow")
    assert dataset.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.gallery.labels.tolist() == [1, 1, 1, 2, 2, 2]
    assert dataset.train.images.shape == pixels(dataset.train).shape == (6, 3, 8, 8)
    assert pixels(dataset.train)[4, :, 0, 0].tolist() == [100, 50, 1]
    assert dataset.query is dataset.gallery


def test_separate_queries(root: Path) -> None:
    (root / "test").rename(root / "gallery")
    paint(root / "query" / "bee" / "q.png", (9, 9, 9))
    dataset = load(Folder(root=root, size=8))
    assert dataset.query.labels.tolist() == [1]
    assert len(dataset.gallery) == 6


def test_val_is_taken_over_test(root: Path) -> None:
    for name in ("ant", "bee"):
        paint(root / "val" / name / "0.png", (0, 0, 0))
    assert load(Folder(root=root, size=8)).gallery.labels.tolist() == [0, 1]


def test_a_tree_without_parts_is_divided_within_each_class(tmp_path: Path) -> None:
    for name, count in (("ant", 10), ("bee", 2)):
        for number in range(count):
            paint(tmp_path / name / f"{number}.png", (number, 0, 0))

    def gallery(seed: int) -> list[int]:
        dataset = load(Folder(root=tmp_path, size=8, test_fraction=0.3, seed=seed))
        assert np.bincount(dataset.gallery.labels).tolist() == [3, 1]
        assert np.bincount(dataset.train.labels).tolist() == [7, 1]
        return pixels(dataset.gallery)[:, 0, 0, 0].tolist()

    assert gallery(0) == gallery(0)
    assert len({tuple(gallery(seed)) for seed in range(4)}) > 1
    (tmp_path / "bee" / "1.png").unlink()
    with pytest.raises(InputError, match="got one in bee"):
        gallery(0)


def test_any_size_suffix_case_and_mode_and_hidden_files(root: Path) -> None:
    paint(root / "train" / "ant" / "A.JPeG", (200, 100, 50), size=(300, 7))
    Image.new("L", (9, 40), 77).save(root / "train" / "ant" / "B.PNG")
    (root / "train" / "ant" / ".hidden.png").write_bytes(b"not an image")
    (root / "train" / ".cache").mkdir()
    (root / "train" / "ant" / "notes.txt").write_text("not an image")
    dataset = load(Folder(root=root, size=16))
    assert dataset.classes == ("ant", "bee", "cow")
    ants = pixels(dataset.train)[dataset.train.labels == 0]
    assert ants.shape == (5, 3, 16, 16)
    assert (ants[-1] == 77).all() or (ants[-2] == 77).all()


def test_centre_is_cropped(root: Path) -> None:
    image = Image.new("RGB", (30, 10), (255, 0, 0))
    image.paste((0, 255, 0), (10, 0, 20, 10))
    image.save(root / "train" / "ant" / "0.png")
    assert pixels(load(Folder(root=root, size=10)).train)[0, 1].min() == 255


def test_all_bad_images_are_named_in_one_error(root: Path) -> None:
    (root / "train" / "ant" / "empty.png").touch()
    (root / "train" / "bee" / "text.jpg").write_text("not an image")
    whole = root / "test" / "cow" / "cut.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole)
    whole.write_bytes(whole.read_bytes()[:-2000])
    dataset, bad = load(Folder(root=root, size=8)), []
    for part in (dataset.train, dataset.gallery):
        assert isinstance(part.images, ImageFiles)
        assert sum(len(chunk) for chunk in part.images.chunks(bad)) == len(part)
    with pytest.raises(InputError) as caught:
        require_decoded(bad)
    message = str(caught.value)
    assert "got 3 files" in message
    for name in ("empty.png: empty file", "text.jpg", "cut.jpg"):
        assert name in message


def test_missing_and_empty_trees(tmp_path: Path, root: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: expected .*, got no such folder"):
        load(Folder(root=tmp_path / "nowhere"))
    (root / "test").rename(tmp_path / "other")
    with pytest.raises(InputError, match=r"expected val, .*, got train without"):
        load(Folder(root=root))
    (root / "val" / "bee").mkdir(parents=True)
    with pytest.raises(InputError, match=r"val: expected .*, got no images"):
        load(Folder(root=root))


def test_one_class_is_an_error(tmp_path: Path) -> None:
    for number in range(4):
        paint(tmp_path / "ant" / f"{number}.png", (0, 0, 0))
    with pytest.raises(InputError, match="expected at least two classes, got one, 'ant'"):
        load(Folder(root=tmp_path))
