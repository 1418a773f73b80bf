"""Any tree of image files in which a folder is a class.

Fits ImageNet-1K, Places-365 and VGGFace2 as published, and most other collections.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.errors import InputError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
Files = list[tuple[Path, str]]  # Each image's path and the name of its class.


class Folder(BaseModel):
    """Folder: images in ``root/<split>/<class>/`` or ``root/<class>/``.

    The splits are ``train`` and one of ``val`` (if there) and ``test``, or ``train``, ``query``
    and ``gallery``. Without them, each class is split at random.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["folder"] = "folder"
    root: Path = Field(description="folder of the splits, or of the classes")
    size: int = Field(64, ge=8, le=1024, description="side of the images, in pixels")
    test_fraction: float = Field(
        0.2, ge=0.01, le=0.99, description="of each class, for testing; only without splits"
    )
    seed: int = Field(0, ge=0, description="seed of that split")
    workers: int = Field(4, ge=1, le=64, description="threads that decode images")


def load_folder(settings: Folder) -> Dataset:
    """Load all images of a tree; there is one group.

    Images are (N, 3, size, size): RGB, the shorter side resized to ``size``, the centre cropped.
    Labels follow the sorted names of all splits' classes, in one table: a class may be missing
    from any split. A lone test split is query and gallery, each query itself ignored. Files other
    than JPEG and PNG images, and all hidden ones, are skipped.

    Raises :class:`InputError` if there is no such tree, if a split is empty, or if images cannot
    be decoded; all of these are named at once.
    """
    from backfill.retrieval.relevance import Relevance

    splits = find_files(settings)
    classes = tuple(sorted({name for files in splits.values() for _, name in files}))
    sets = _decode(splits, classes, settings)
    gallery = sets["gallery"]
    query = sets.get("query", gallery)
    return Dataset(
        name=settings.name,
        classes=classes,
        group_names=("all",),
        train=sets["train"],
        query=query,
        gallery=gallery,
        relevance=Relevance.from_labels(query.labels, gallery.labels, ignore_self=query is gallery),
    )


def find_files(settings: Folder) -> dict[str, Files]:
    """Return the files of ``train``, ``gallery`` and, if separate, ``query``, in name order.

    Raises :class:`InputError` if there is no such tree or if a split has no image.
    """
    root = settings.root
    if not root.is_dir():
        raise InputError(f"{root}: found no such folder, expected one of image folders")
    present = {path.name for path in _visible(root) if path.is_dir()}
    if {"train", "query", "gallery"} <= present:
        return {split: _list(root / split) for split in ("train", "query", "gallery")}
    # Where both are there, as in ImageNet-1K, the classes of `test` are secret.
    test = next((name for name in ("val", "test") if name in present), None)
    if "train" in present and test:
        return {"train": _list(root / "train"), "gallery": _list(root / test)}
    if "train" in present:
        raise InputError(
            f"{root}: found train, but neither val, nor test, nor both of query and gallery; "
            "expected one of these beside it"
        )
    return _split(_list(root), settings)


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _list(folder: Path) -> Files:
    files = [
        (path, directory.name)
        for directory in _visible(folder)
        if directory.is_dir()
        for path in _visible(directory)
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]
    if not files:
        suffixes = ", ".join(sorted(SUFFIXES))
        raise InputError(f"{folder}: found no image, expected <class>/<image> with {suffixes}")
    return files


def _split(files: Files, settings: Folder) -> dict[str, Files]:
    """Split each class at random, at least one image to each side."""
    by_class: dict[str, Files] = {}
    for path, name in files:
        by_class.setdefault(name, []).append((path, name))
    single = [name for name, members in by_class.items() if len(members) < 2]
    if single:
        raise InputError(
            f"{settings.root}: found one image in {', '.join(single)}; "
            "expected at least two in each class, one to train and one to test"
        )
    rng = np.random.default_rng(settings.seed)
    splits: dict[str, Files] = {"train": [], "gallery": []}
    for members in by_class.values():
        count = min(max(round(settings.test_fraction * len(members)), 1), len(members) - 1)
        test = set(rng.permutation(len(members))[:count].tolist())
        for k, member in enumerate(members):
            splits["gallery" if k in test else "train"].append(member)
    return splits


def _decode(
    splits: dict[str, Files], classes: tuple[str, ...], settings: Folder
) -> dict[str, ImageSet]:
    from backfill.datasets.decoding import decode_images

    files = [file for part in splits.values() for file in part]
    images = decode_images([path for path, _ in files], settings.size, settings.workers)
    number = {name: k for k, name in enumerate(classes)}
    labels = np.array([number[name] for _, name in files], np.int64)
    everything = ImageSet(images, labels, np.zeros_like(labels))
    sets, start = {}, 0
    for split, part in splits.items():
        sets[split] = everything[start : start + len(part)]
        start += len(part)
    return sets
