"""Google Landmarks v2 as published, for retrieval.

It consists of `train_clean.csv` with `train/`, and of `retrieval_solution_v2.1.csv` with `index/`
and `test/`. Image abc... lies in a/b/c/. The csv files may lie in `metadata/`, as on the server.

Sources: Weyand et al., "Google Landmarks Dataset v2", CVPR 2020; the cleaned training set is that
of Yokoo et al., "Two-stage Discriminative Re-ranking for Large-scale Landmark Retrieval", 2020.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from backfill.datasets.base import UNLABELLED, Dataset
from backfill.datasets.decoding import Fit
from backfill.datasets.listing import (
    Listing,
    find_one,
    require,
    require_all,
    require_files,
    walk_images,
)
from backfill.datasets.registry import register
from backfill.datasets.settings import ImageFileSettings
from backfill.datasets.tree import image_set, unlabelled
from backfill.errors import InputError
from backfill.reading.files import reason, short
from backfill.relevance import Relevance

TRAIN = "train_clean.csv or metadata/train_clean.csv"
SOLUTION = "retrieval_solution_v2.1.csv or metadata/retrieval_solution_v2.1.csv"
TREE = "images a/b/c/abc*.jpg"
TRAIN_FILES = {"train/": TREE, TRAIN: "landmark_id, images"}
TEST_FILES = {"index/": TREE, "test/": TREE, SOLUTION: "id, images, Usage"}
IMAGE_ID = re.compile(r"[0-9a-f]{16}")
MAP_AT = 100
_BYTES, _ROWS, _HEADER = 128 << 20, 1_000_000, 10_000
Usage = Literal["Private", "Public"]


class Gldv2(ImageFileSettings):
    """Google Landmarks v2: 1.6 million clean training images, 761,757 to search, 750 queries."""

    name: Literal["gldv2"] = "gldv2"
    fit: Fit = Field(
        "stretch", description="how an image becomes a square: stretch, or crop the centre"
    )
    queries: list[Usage] = Field(
        ["Private"],
        min_length=1,
        description="Usage of the queries: Private (the 750 of the test set), Public (379 more)",
    )


@register(
    Gldv2,
    published="1,580,470 to train on (81,313 classes), 750 queries, 761,757 to search",
)
def load_gldv2(settings: Gldv2) -> Dataset:
    """Find Google Landmarks v2; a class is a landmark, and there is one group.

    Queries are those whose Usage is in `settings.queries`. As in the published evaluation, a query
    is left out if the solution file marks it as Ignored or gives no images for it. The measure is
    mAP@100, which divides a query's sum of precisions by min(positives, 100). Test images are
    unlabelled: the file says which images show the same landmark, but not which landmark it is.

    Raises:
        InputError: files or folders are missing, a csv file is not as published, or images that it
            names are missing.
    """
    root = settings.root
    require((root, TRAIN_FILES | TEST_FILES))
    solution = find_one(root, SOLUTION)
    answers = read_solution(solution, settings.queries)
    listing = list_train(root)
    classes = (*dict.fromkeys(listing.names), UNLABELLED)
    gallery = list(walk_images(root / "index"))
    if not gallery:
        raise InputError(f"{root / 'index'}: expected {TREE}, got no images")
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
    """List the clean training images below `root`, classes in the order of train_clean.csv.

    Raises:
        InputError: the file, or images that it names, are missing.
    """
    path = find_one(root, TRAIN)
    listing = Listing()
    for number, (landmark, images) in enumerate(_rows(path, ["landmark_id", "images"]), start=2):
        for name in _ids(images, path, number):
            listing.add(image_path(root / "train", name), landmark)
    if not listing:
        raise InputError(f"{path}: expected one landmark per line, got none")
    require_files(listing.paths, path)
    return listing


def read_solution(path: Path, usages: list[Usage]) -> dict[str, list[str]]:
    """Read which index images are relevant to each query.

    Args:
        path: the solution file.
        usages: which queries to keep, by their Usage.

    Returns:
        Ids of the relevant index images, by the id of the query.

    Raises:
        InputError: the file is not as published, or no query is left.
    """
    answers: dict[str, list[str]] = {}
    rows = _rows(path, ["id", "images", "Usage"])
    for number, (query, images, usage) in enumerate(rows, start=2):
        if usage not in ("Private", "Public", "Ignored"):
            raise InputError(
                f"{path}: line {number}: expected Usage Private, Public or Ignored, "
                f"got {short(usage)}"
            )
        # Most test images show no landmark of the index; their images are given as None.
        if usage in usages and images not in ("", "None"):
            answers[_id(query, path, number)] = _ids(images, path, number)
    if not answers:
        raise InputError(
            f"{path}: expected queries of Usage {' or '.join(usages)} with images, got none"
        )
    return answers


def image_path(folder: Path, name: str) -> str:
    """Return the path of the image with an id."""
    return os.path.join(folder, *name[:3], f"{name}.jpg")


def _rows(path: Path, columns: list[str]) -> Iterator[tuple[str, ...]]:
    import pandas as pd  # deferred: slow to import, and only this reader needs it

    most = "a csv file of at most"
    if (size := path.stat().st_size) > _BYTES:
        raise InputError(f"{path}: expected {most} {_BYTES:,} bytes, got {size:,}")
    try:
        with path.open("rb") as file:  # one line with millions of columns would take all memory
            if len(file.readline(_HEADER)) == _HEADER:
                raise ValueError(f"a first line of {_HEADER:,} bytes or more")
        # Everything is text: "None" is a word here, and ids are not numbers.
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8", nrows=_ROWS + 1
        )
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: expected a csv file, got: {reason(error)}") from error
    if len(table) > _ROWS:
        raise InputError(f"{path}: expected {most} {_ROWS:,} rows, got more")
    if list(table.columns) != columns:
        found = ", ".join(map(str, table.columns))
        raise InputError(f"{path}: expected columns {', '.join(columns)}, got {found}")
    yield from table.itertuples(index=False, name=None)


def _ids(text: str, path: Path, number: int) -> list[str]:
    return [_id(name, path, number) for name in text.split()]


def _id(name: str, path: Path, number: int) -> str:
    # Ids become paths, so nothing else may pass.
    if not IMAGE_ID.fullmatch(name):
        raise InputError(
            f"{path}: line {number}: expected image ids of 16 hexadecimal digits, got {short(name)}"
        )
    return name


def _positions(answers: list[list[str]], gallery: list[str], source: Path) -> list[list[int]]:
    """Return the positions in the gallery of the images that answer each query."""
    position = {Path(path).stem: k for k, path in enumerate(gallery)}
    named = list(dict.fromkeys(name for names in answers for name in names))
    missing = [name for name in named if name not in position]
    require_all(named, missing, source, "images of the index")
    return [sorted({position[name] for name in names}) for names in answers]
