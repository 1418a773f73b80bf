"""Any tree of image files in which a folder is a class."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from backfill.datasets.base import Dataset
from backfill.datasets.listing import Listing, list_classes
from backfill.datasets.registry import register
from backfill.datasets.settings import ImageFileSettings
from backfill.datasets.tree import image_set
from backfill.errors import InputError
from backfill.relevance import Relevance


class Folder(ImageFileSettings):
    """Folder: images in `root/<part>/<class>/` or `root/<class>/`.

    The parts are `train` and a test folder, `val` or else `test`; or they are `train`, `query`
    and `gallery`. If the tree is not divided into parts, each class is divided at random.
    """

    name: Literal["folder"] = "folder"
    size: int = Field(64, ge=8, le=1024, description="height of the decoded images, in pixels")
    test_fraction: float = Field(
        0.2,
        ge=0.01,
        le=0.99,
        description="fraction of each class to test on, if the tree is not divided into parts",
    )
    seed: int = Field(0, ge=0, description="seed of the choice of test images")


@register(Folder)
def load_folder(settings: Folder) -> Dataset:
    """Find all images of a tree; there is one group.

    Labels index the sorted class names of all parts together, so a class may be missing from a
    part. A test folder is both queries and gallery, each query itself ignored. Hidden files are
    skipped, and so are files other than JPEG and PNG images.

    Raises:
        InputError: there is no such tree, or a part is empty.
    """
    listings = find_files(settings)
    classes = tuple(sorted({name for listing in listings.values() for name in listing.names}))
    parts = {part: image_set(settings, listing, classes) for part, listing in listings.items()}
    gallery = parts["gallery"]
    query = parts.get("query", gallery)
    return Dataset(
        name=settings.name,
        classes=classes,
        group_names=("all",),
        train=parts["train"],
        query=query,
        gallery=gallery,
        relevance=Relevance.from_labels(query.labels, gallery.labels, ignore_self=query is gallery),
    )


def find_files(settings: Folder) -> dict[str, Listing]:
    """List the files of `train`, `gallery` and, if it is separate, `query`, sorted by name.

    Raises:
        InputError: there is no such tree, or a part has no images.
    """
    root = settings.root
    if not root.is_dir():
        raise InputError(f"{root}: expected a folder of image folders, got no such folder")
    present = {path.name for path in root.iterdir() if path.is_dir()}
    if {"train", "query", "gallery"} <= present:
        return {part: list_classes(root / part) for part in ("train", "query", "gallery")}
    # `val` comes first: where a benchmark has both, the classes of `test` are often secret.
    test = next((name for name in ("val", "test") if name in present), None)
    if "train" in present and test:
        return {"train": list_classes(root / "train"), "gallery": list_classes(root / test)}
    if "train" in present:
        raise InputError(
            f"{root}: expected val, or test, or both query and gallery beside train, "
            "got train without them"
        )
    return _divide(list_classes(root), settings)


def _divide(files: Listing, settings: Folder) -> dict[str, Listing]:
    """Divide each class at random, with at least one image on each side."""
    by_class: dict[str, list[str]] = {}
    for path, name in files:
        by_class.setdefault(name, []).append(path)
    single = [name for name, members in by_class.items() if len(members) < 2]
    if single:
        raise InputError(
            f"{settings.root}: expected at least two images per class, one to train on and one to "
            f"test on, got one in {', '.join(single)}"
        )
    rng = np.random.default_rng(settings.seed)
    listings = {"train": Listing(), "gallery": Listing()}
    for name, members in by_class.items():
        count = min(max(round(settings.test_fraction * len(members)), 1), len(members) - 1)
        test = set(rng.permutation(len(members))[:count].tolist())
        for k, path in enumerate(members):
            listings["gallery" if k in test else "train"].add(path, name)
    return listings
