"""Google Landmarks v2 as published, for retrieval.

``train_clean.csv`` with ``train/``, ``index/`` and ``test/``, where image abc... lies in a/b/c/,
and ``retrieval_solution_v2.1.csv``. The csv files may lie in ``metadata/``, as on the server.

Sources: Weyand et al., "Google Landmarks Dataset v2", CVPR 2020; the cleaned training set is that
of Yokoo et al., "Two-stage Discriminative Re-ranking for Large-scale Landmark Retrieval", 2020.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from backfill.datasets.base import UNLABELLED, Dataset, ImageSet
from backfill.datasets.image_files import Fit
from backfill.datasets.listing import Listing, find_one, require, require_files, some, walk_images
from backfill.datasets.settings import ImageFileSettings
from backfill.datasets.tree import image_set
from backfill.errors import InputError
from backfill.relevance import Relevance

TRAIN = "train_clean.csv or metadata/train_clean.csv"
SOLUTION = "retrieval_solution_v2.1.csv or metadata/retrieval_solution_v2.1.csv"
TREE = "images a/b/c/abc*.jpg"
TRAIN_FILES = {"train/": TREE, TRAIN: "landmark_id, images"}
TEST_FILES = {"index/": TREE, "test/": TREE, SOLUTION: "id, images, Usage"}
IMAGE_ID = re.compile(r"[0-9a-f]{16}")
MAP_AT = 100
Usage = Literal["Private", "Public"]


class Gldv2(ImageFileSettings):
    """Google Landmarks v2: 1.6 million clean training images, 761,757 to search, 750 queries."""

    name: Literal["gldv2"] = "gldv2"
    fit: Fit = Field("stretch", description="to the square: stretch both sides, or crop the centre")
    queries: list[Usage] = Field(
        ["Private"],
        min_length=1,
        description="Usage of the queries: Private (the 750 of the test set), Public (379 more)",
    )


def load_gldv2(settings: Gldv2) -> Dataset:
    """Find Google Landmarks v2 below ``settings.root``; a class is a landmark; one group.

    Queries are those of ``settings.queries``; what the solution file marks as Ignored, or gives
    no image for, is left out, as in the published evaluation. That is mAP@100, where a query's
    sum of precisions is divided by min(positives, 100). Test images are unlabelled: the file tells
    which images belong together, not where they are.

    Raises :class:`InputError` if files or folders are missing, for csv files of another form, and
    if images that they name are not there.
    """

    root = settings.root
    require((root, TRAIN_FILES | TEST_FILES))
    solution = find_one(root, SOLUTION)
    answers = read_solution(solution, settings.queries)
    listing = list_train(root)
    classes = (*dict.fromkeys(listing.names), UNLABELLED)
    gallery = list(walk_images(root / "index"))
    if not gallery:
        raise InputError(f"{root / 'index'}: found no image, expected {TREE}")
    query = [image_path(root / "test", name) for name in answers]
    require_files(query, solution)
    return Dataset(
        name=settings.name,
        classes=classes,
        group_names=("all",),
        train=image_set(settings, listing, classes),
        query=unlabelled(settings, query, classes),
        gallery=unlabelled(settings, gallery, classes),
        relevance=Relevance.from_lists(
            positives=_positions(list(answers.values()), gallery, solution),
            ignored=[[] for _ in answers],
            gallery_size=len(gallery),
        ),
        map_at=MAP_AT,
    )


def list_train(root: Path) -> Listing:
    """The clean training images below a root, classes in the order of train_clean.csv.

    Raises :class:`InputError` if the file or images that it names are missing.
    """
    path = find_one(root, TRAIN)
    listing = Listing()
    for number, (landmark, images) in enumerate(_rows(path, ["landmark_id", "images"]), start=2):
        for name in _ids(images, path, number):
            listing.add(image_path(root / "train", name), landmark)
    if not listing:
        raise InputError(f"{path}: found no landmark, expected one a line")
    require_files(listing.paths, path)
    return listing


def read_solution(path: Path, usages: list[Usage]) -> dict[str, list[str]]:
    """The ids of the index images that are relevant to each query of these usages.

    Raises :class:`InputError` for another form, another usage, and if no query is left.
    """
    answers: dict[str, list[str]] = {}
    rows = _rows(path, ["id", "images", "Usage"])
    for number, (query, images, usage) in enumerate(rows, start=2):
        if usage not in ("Private", "Public", "Ignored"):
            raise InputError(
                f"{path}: line {number}: found Usage {usage!r}, expected Private, Public or Ignored"
            )
        # Most test images show no landmark of the index; the file says None for them.
        if usage in usages and images not in ("", "None"):
            answers[_id(query, path, number)] = _ids(images, path, number)
    if not answers:
        raise InputError(f"{path}: found no query of Usage {' or '.join(usages)} with images")
    return answers


def image_path(folder: Path, name: str) -> str:
    """Where the image with an id lies."""
    return os.path.join(folder, *name[:3], f"{name}.jpg")


def unlabelled(settings: ImageFileSettings, paths: list[str], classes: tuple[str, ...]) -> ImageSet:
    """Files of which only the relevance is known."""
    labels = np.full(len(paths), classes.index(UNLABELLED), np.int64)
    return ImageSet(settings.images(paths), labels, np.zeros_like(labels))


def _rows(path: Path, columns: list[str]) -> Iterator[tuple[str, ...]]:
    import pandas as pd

    try:
        # As text: "None" is a word here, and ids are no numbers.
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{path}: no csv file ({reason})") from error
    if list(table.columns) != columns:
        found = ", ".join(map(str, table.columns))
        raise InputError(f"{path}: found columns {found}; expected {', '.join(columns)}")
    yield from table.itertuples(index=False, name=None)


def _ids(text: str, path: Path, number: int) -> list[str]:
    return [_id(name, path, number) for name in text.split()]


def _id(name: str, path: Path, number: int) -> str:
    # Ids become paths, so nothing else may pass.
    if not IMAGE_ID.fullmatch(name):
        raise InputError(
            f"{path}: line {number}: found image {name!r}, expected 16 hexadecimal digits"
        )
    return name


def _positions(answers: list[list[str]], gallery: list[str], source: Path) -> list[list[int]]:
    position = {Path(path).stem: k for k, path in enumerate(gallery)}
    wanted = dict.fromkeys(name for names in answers for name in names)
    missing = [name for name in wanted if name not in position]
    if missing:
        raise InputError(
            f"{source}: names {len(wanted):,} images of the index, of which {len(missing):,} are "
            f"not there: {some(missing)}"
        )
    return [sorted({position[name] for name in names}) for names in answers]
