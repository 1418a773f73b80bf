"""Market-1501 as published: people seen by one of six cameras, to be found in the others.

Source: Zheng et al., "Scalable Person Re-identification: A Benchmark", ICCV 2015.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from backfill.arrays import Int64s
from backfill.datasets.base import Dataset, ImageSet
from backfill.datasets.listing import list_images, require, some
from backfill.datasets.registry import register
from backfill.datasets.settings import ImageFileSettings
from backfill.errors import InputError
from backfill.relevance import Relevance

FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
EXAMPLE = "0002_c1s1_000451_03.jpg"  # identity, camera and sequence, frame, box
NAME = re.compile(r"(-1|\d{4})_c([1-6])s\d+_\d+_\d+")
JUNK = "-1"  # boxes without a whole person; 0000, other people, are distractors and are kept


class Market1501(ImageFileSettings):
    """Market-1501: 12,936 training images of 751 people, 3,368 queries, 15,913 to search."""

    name: Literal["market1501"] = "market1501"
    # The shape of the files: a square cut out of a standing person would lose head and feet.
    size: int = Field(128, ge=8, le=1024, description="height of the decoded images, in pixels")
    width: int | None = Field(
        64, ge=8, le=1024, description="width of the decoded images; null for the height"
    )


@dataclass(frozen=True)
class Boxes:
    """What the file names of one folder say.

    Attributes:
        paths: N files.
        identities: of the people.
        cameras: (N,) numbers from 0 to 5.
    """

    paths: list[str]
    identities: list[str]
    cameras: Int64s


@register(
    Market1501,
    published="12,936 to train on (751 classes), 3,368 queries, 15,913 to search",
)
def load_market1501(settings: Market1501) -> Dataset:
    """Find Market-1501; a class is an identity, and a group is a camera.

    Junk (identity -1) is left out of the gallery; distractors (0000) stay in it. Each query
    ignores the images of its own person by its own camera.

    Raises:
        InputError: a folder is missing or empty, or files are not named as published.
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
    """Read identities and cameras from the file names of a folder, without junk.

    Raises:
        InputError: there are no images of people, or files are not named as published.
    """
    found, strange = [], []
    for path in list_images(folder):
        match = NAME.match(Path(path).name)
        if match is None:
            strange.append(Path(path).name)
        elif match[1] != JUNK:
            found.append((path, match[1], int(match[2]) - 1))
    if strange:
        raise InputError(f"{folder}: expected names such as {EXAMPLE}, got {some(strange)}")
    if not found:
        raise InputError(f"{folder}: expected images such as {EXAMPLE}, got none of a person")
    paths, identities, cameras = zip(*found, strict=True)
    return Boxes(list(paths), list(identities), np.array(cameras, np.int64))
