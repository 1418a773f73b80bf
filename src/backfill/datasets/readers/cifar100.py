"""CIFAR-100 in its official binary layout.

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009;
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.registry import register
from backfill.datasets.settings import SubsetSettings
from backfill.errors import InputError
from backfill.reading.files import read_text
from backfill.relevance import Relevance

URL = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
SUPERCLASSES, CLASSES = 20, 100
SHAPE = (3, 32, 32)
RECORD = 2 + 3 * 32 * 32  # one byte for the superclass, one for the class, then the pixels
MOST = 50_000  # records of a file
NAMES_BYTES = 100_000  # of a file of names
FILES = ("train.bin", "test.bin", "fine_label_names.txt", "coarse_label_names.txt")


class Cifar100(SubsetSettings):
    """CIFAR-100: 50,000 training and 10,000 test images, 100 classes in 20 superclasses."""

    name: Literal["cifar100"] = "cifar100"
    root: Path = Field(
        Path("data/cifar-100-binary"), description="folder of the official binary files"
    )


@register(
    Cifar100,
    published="50,000 to train on (100 classes), 10,000 as queries and gallery",
)
def load_cifar100(settings: Cifar100) -> Dataset:
    """Load CIFAR-100; the groups are the superclasses.

    Images are (N, 3, 32, 32). The test images are both queries and gallery, each query itself
    ignored.

    Raises:
        InputError: a file is missing or truncated, or holds labels out of range.
    """
    root = settings.root
    _check_present(root)
    train = read_records(root / "train.bin").sample(settings.max_train, settings.seed)
    test = read_records(root / "test.bin").sample(settings.max_test, settings.seed)
    return Dataset(
        name=settings.name,
        classes=_read_names(root / "fine_label_names.txt", CLASSES),
        group_names=_read_names(root / "coarse_label_names.txt", SUPERCLASSES),
        train=train,
        query=test,
        gallery=test,
        relevance=Relevance.from_labels(test.labels, test.labels, ignore_self=True),
    )


def read_records(path: Path) -> ImageSet:
    """Read one binary file: images (N, 3, 32, 32), classes and superclasses.

    Raises:
        InputError: the size is not a positive multiple of the 3,074 bytes of a record, or a label
            is out of range.
    """
    size = path.stat().st_size
    if size > MOST * RECORD:
        raise InputError(f"{path}: expected at most {MOST:,} records, got {size // RECORD:,}")
    if size == 0 or size % RECORD:
        raise InputError(
            f"{path}: expected a positive multiple of {RECORD:,} bytes, got {size:,} "
            f"({size // RECORD:,} complete records and {size % RECORD:,} bytes); "
            "the file is truncated: unpack the archive again"
        )
    records = np.memmap(path, np.uint8, mode="r").reshape(-1, RECORD)
    for column, kind, count in ((0, "coarse", SUPERCLASSES), (1, "fine", CLASSES)):
        wrong = np.flatnonzero(records[:, column] >= count)
        if len(wrong):
            first = int(wrong[0])
            raise InputError(
                f"{path}: expected {kind} labels of 0 to {count - 1}, got "
                f"{records[first, column]} in record {first:,} ({len(wrong):,} such records)"
            )
    images = np.array(records[:, 2:]).reshape(-1, *SHAPE)
    return ImageSet(images, records[:, 1].astype(np.int64), records[:, 0].astype(np.int64))


def _check_present(root: Path) -> None:
    missing = [name for name in FILES if not (root / name).is_file()]
    if not missing:
        return
    archive, folder = root.parent / Path(URL).name, shlex.quote(str(root))
    raise InputError(
        f"{root}: expected the binary files of CIFAR-100, got no {', '.join(missing)}; "
        "to download them (161 MB), type\n"
        f"  mkdir -p {folder}\n"
        f"  dvc import-url {URL} {shlex.quote(str(archive))}\n"
        f"  tar -xzf {shlex.quote(str(archive))} -C {folder} --strip-components=1"
    )


def _read_names(path: Path, count: int) -> tuple[str, ...]:
    names = tuple(read_text(path, "names of classes", NAMES_BYTES).split())
    if len(names) != count:
        raise InputError(f"{path}: expected {count} names, got {len(names)}")
    return names
