"""Market-1501 as published: people seen by six cameras, found again under another one.

Source: Zheng et al., "Scalable Person Re-identification: A Benchmark", ICCV 2015.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.listing import list_images, require, some
from backfill.datasets.settings import ImageFileSettings
from backfill.errors import InputError
from backfill.relevance import Relevance

FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
# Identity, camera, sequence, frame, box.
EXAMPLE = "0002_c1s1_000451_03.jpg"
NAME = re.compile(r"(-1|\d{4})_c([1-6])s\d+_\d+_\d+")
JUNK = "-1"  # Boxes that hold no whole person; 0000, other people, are distractors and stay.


class Market1501(ImageFileSettings):
    """Market-1501: 12,936 training images of 751 people, 3,368 queries, 15,913 to search."""

    name: Literal["market1501"] = "market1501"
    # The files' own shape: a square cut out of a standing person would lose head and feet.
    size: int = Field(128, ge=8, le=1024, description="height of the images, in pixels")
    width: int | None = Field(64, ge=8, le=1024, description="their width; null: the height")


@dataclass(frozen=True)
class Boxes:
    """Files of one folder with their identities and cameras (0 to 5)."""

    paths: list[str]
    identities: list[str]
    cameras: NDArray[np.int64]


def load_market1501(settings: Market1501) -> Dataset:
    """Find Market-1501 below ``settings.root``; a class is an identity, a group a camera.

    Junk (identity -1) is left out of the gallery, distractors (0000) stay in it. Each query is
    ranked without the images of its identity under its own camera.

    Raises :class:`InputError` if a folder is missing or empty, and for names of another form.
    """

    root = settings.root
    require((root, {f"{folder}/": f"images {EXAMPLE}" for folder in FOLDERS.values()}))
    parts = {part: read_names(root / folder) for part, folder in FOLDERS.items()}
    classes = tuple(sorted({name for boxes in parts.values() for name in boxes.identities}))
    number = {name: k for k, name in enumerate(classes)}

    def image_set(boxes: Boxes) -> ImageSet:
        labels = np.array([number[name] for name in boxes.identities], np.int64)
        return ImageSet(settings.images(boxes.paths), labels, boxes.cameras)

    train, query, gallery = (image_set(parts[part]) for part in ("train", "query", "gallery"))
    same_person = [np.flatnonzero(gallery.labels == label) for label in query.labels]
    return Dataset(
        name=settings.name,
        classes=classes,
        group_names=tuple(f"camera {k}" for k in range(1, 7)),
        train=train,
        query=query,
        gallery=gallery,
        relevance=Relevance.from_lists(
            positives=same_person,
            ignored=[
                rows[gallery.groups[rows] == camera]
                for rows, camera in zip(same_person, query.groups, strict=True)
            ],
            gallery_size=len(gallery),
        ),
    )


def read_names(folder: Path) -> Boxes:
    """What the names of a folder's files say, without junk.

    Raises :class:`InputError` if there is no image, and for all names of another form.
    """
    found, strange = [], []
    for path in list_images(folder):
        match = NAME.match(Path(path).name)
        if match is None:
            strange.append(Path(path).name)
        elif match[1] != JUNK:
            found.append((path, match[1], int(match[2]) - 1))
    if strange:
        raise InputError(f"{folder}: found {some(strange)}; expected names such as {EXAMPLE}")
    if not found:
        raise InputError(f"{folder}: found no image of a person, expected such as {EXAMPLE}")
    paths, identities, cameras = zip(*found, strict=True)
    return Boxes(list(paths), list(identities), np.array(cameras, np.int64))
