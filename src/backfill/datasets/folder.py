"""Any tree of image files in which a folder is a class."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from backfill.datasets.base import Dataset
from backfill.datasets.listing import Listing, list_classes
from backfill.datasets.settings import ImageFileSettings
from backfill.datasets.tree import image_set
from backfill.errors import InputError
from backfill.relevance import Relevance


class Folder(ImageFileSettings):
    """Folder: images in ``root/<split>/<class>/`` or ``root/<class>/``.

    The splits are ``train`` and one of ``val`` (if there) and ``test``, or ``train``, ``query``
    and ``gallery``. Without them, each class is split at random.
    """

    name: Literal["folder"] = "folder"
    size: int = Field(64, ge=8, le=1024, description="height of the images, in pixels")
    test_fraction: float = Field(
        0.2, ge=0.01, le=0.99, description="of each class, for testing; only without splits"
    )
    seed: int = Field(0, ge=0, description="seed of that split")


def load_folder(settings: Folder) -> Dataset:
    """Find all images of a tree; there is one group.

    Labels follow the sorted names of all splits' classes, in one table: a class may be missing
    from any split. A lone test split is query and gallery, each query itself ignored. Files other
    than JPEG and PNG images, and all hidden ones, are skipped.

    Raises :class:`InputError` if there is no such tree, or if a split is empty.
    """

    splits = find_files(settings)
    classes = tuple(sorted({name for listing in splits.values() for name in listing.names}))
    sets = {split: image_set(settings, listing, classes) for split, listing in splits.items()}
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


def find_files(settings: Folder) -> dict[str, Listing]:
    """Return the files of ``train``, ``gallery`` and, if separate, ``query``, in name order.

    Raises :class:`InputError` if there is no such tree or if a split has no image.
    """
    root = settings.root
    if not root.is_dir():
        raise InputError(f"{root}: found no such folder, expected one of image folders")
    present = {path.name for path in root.iterdir() if path.is_dir()}
    if {"train", "query", "gallery"} <= present:
        return {split: list_classes(root / split) for split in ("train", "query", "gallery")}
    # Where both are there, as in ImageNet-1K, the classes of `test` are secret.
    test = next((name for name in ("val", "test") if name in present), None)
    if "train" in present and test:
        return {"train": list_classes(root / "train"), "gallery": list_classes(root / test)}
    if "train" in present:
        raise InputError(
            f"{root}: found train, but neither val, nor test, nor both of query and gallery; "
            "expected one of these beside it"
        )
    return _split(list_classes(root), settings)


def _split(files: Listing, settings: Folder) -> dict[str, Listing]:
    """Split each class at random, at least one image to each side."""
    by_class: dict[str, list[str]] = {}
    for path, name in files:
        by_class.setdefault(name, []).append(path)
    single = [name for name, members in by_class.items() if len(members) < 2]
    if single:
        raise InputError(
            f"{settings.root}: found one image in {', '.join(single)}; "
            "expected at least two in each class, one to train and one to test"
        )
    rng = np.random.default_rng(settings.seed)
    splits = {"train": Listing(), "gallery": Listing()}
    for name, members in by_class.items():
        count = min(max(round(settings.test_fraction * len(members)), 1), len(members) - 1)
        test = set(rng.permutation(len(members))[:count].tolist())
        for k, path in enumerate(members):
            splits["gallery" if k in test else "train"].add(path, name)
    return splits
