from pathlib import Path

import numpy as np
import pytest

from backfill.datasets import load
from backfill.datasets.readers.cifar100 import RECORD, Cifar100, read_records
from backfill.errors import InputError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two files in the official layout; record i has class i % 100 and pixels i % 256."""
    folder = tmp_path / "cifar"
    folder.mkdir()
    for name, count in (("train.bin", 300), ("test.bin", 200)):
        write(folder / name, np.arange(count))
    (folder / "fine_label_names.txt").write_text("".join(f"class{k}\n" for k in range(100)))
    (folder / "coarse_label_names.txt").write_text("".join(f"super{k}\n" for k in range(20)))
    return folder


def write(path: Path, numbers: np.ndarray) -> None:
    records = np.empty((len(numbers), RECORD), np.uint8)
    records[:, 0] = numbers % 100 // 5
    records[:, 1] = numbers % 100
    records[:, 2:] = (numbers % 256)[:, None]
    records[:, 2] = 7  # red of the first pixel
    records[:, 2 + 1024] = 8  # its green
    records.tofile(path)


def test_layout(root: Path) -> None:
    dataset = load(Cifar100(root=root))
    assert dataset.train.images.shape == (300, 3, 32, 32)
    assert dataset.train.images[5, :, 0, 0].tolist() == [7, 8, 5]
    assert dataset.train.labels[:3].tolist() == [0, 1, 2]
    assert dataset.train.groups[[4, 5, 105]].tolist() == [0, 1, 1]
    assert dataset.classes[99] == "class99"
    assert dataset.group_names[19] == "super19"
    assert dataset.query is dataset.gallery
    assert len(dataset.gallery) == 200


def test_subset_is_random_seeded_and_nested(root: Path) -> None:
    def chosen(size: int | None, seed: int = 0) -> list[int]:
        dataset = load(Cifar100(root=root, max_test=size, seed=seed))
        return dataset.gallery.images[:, 2, 1, 1].tolist()

    assert chosen(50) == chosen(50)
    assert set(chosen(20)) < set(chosen(50)) < set(chosen(None))
    assert chosen(50) != chosen(50, seed=1)
    assert chosen(500) == chosen(None) == list(range(200))


def test_missing_files_name_the_steps(tmp_path: Path, root: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(Cifar100(root=tmp_path / "data" / "cifar-100-binary"))
    message = str(caught.value)
    assert "train.bin, test.bin, fine_label_names.txt" in message
    assert "dvc import-url https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz" in message
    assert "tar -xzf" in message
    (root / "test.bin").unlink()
    with pytest.raises(InputError, match=r"got no test\.bin;"):
        load(Cifar100(root=root))


@pytest.mark.parametrize("size", [0, 100, RECORD + 1, 5 * RECORD - 1])
def test_truncated_file_names_bytes(root: Path, size: int) -> None:
    path = root / "train.bin"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(
        InputError, match=rf"train\.bin: expected .*multiple of 3,074 bytes, got {size:,} "
    ):
        load(Cifar100(root=root))


@pytest.mark.parametrize(("column", "label", "kind"), [(0, 20, "coarse"), (1, 255, "fine")])
def test_label_out_of_range(root: Path, column: int, label: int, kind: str) -> None:
    path = root / "test.bin"
    content = bytearray(path.read_bytes())
    content[3 * RECORD + column] = label
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=rf"test\.bin: expected {kind} labels .*, got {label} in record 3 "
    ):
        read_records(path)


def test_too_few_names(root: Path) -> None:
    (root / "fine_label_names.txt").write_text("apple\n")
    with pytest.raises(InputError, match=r"fine_label_names\.txt: expected 100 names, got 1"):
        load(Cifar100(root=root))
