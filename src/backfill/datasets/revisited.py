"""Revisited Oxford and Paris as published: ``jpg/`` and ``gnd_<name>.pkl``.

Source: Radenovic et al., "Revisiting Oxford and Paris: Large-Scale Image Retrieval Benchmarking",
CVPR 2018. They have no training set; RACT (Zhang et al., ICLR 2022) trains on Google Landmarks v2.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from backfill.datasets.base import UNLABELLED, Dataset, ImageSet
from backfill.datasets.gldv2 import TRAIN, TRAIN_FILES, list_train, unlabelled
from backfill.datasets.gnd import Answer, read_gnd
from backfill.datasets.image_files import Fit
from backfill.datasets.listing import Listing, list_classes, require, require_files
from backfill.datasets.settings import ImageFileSettings
from backfill.datasets.tree import image_set
from backfill.relevance import Relevance

Difficulty = Literal["easy", "medium", "hard"]
MAP_AT = 10  # As RACT reports.


class Revisited(ImageFileSettings):
    """What both have in common."""

    train_root: Path = Field(
        description="what to train on: Google Landmarks v2, or a tree of <class>/<image>"
    )
    fit: Fit = Field("stretch", description="to the square: stretch both sides, or crop the centre")
    difficulty: Difficulty = Field("medium", description="which of the three published protocols")


class ROxford5k(Revisited):
    """ROxford: 70 queries for eleven buildings of Oxford, 4,993 images to search."""

    name: Literal["roxford5k"] = "roxford5k"


class RParis6k(Revisited):
    """RParis: 70 queries for eleven places in Paris, 6,322 images to search."""

    name: Literal["rparis6k"] = "rparis6k"


def load_revisited(settings: ROxford5k | RParis6k) -> Dataset:
    """Find ROxford or RParis below ``settings.root``, and the training set; there is one group.

    Queries are cut out of their images. By difficulty, positives are the easy, the easy and hard
    (medium), or the hard ones; what a protocol does not ask for is ignored, junk always. The
    mean average precision is that of the first ten. Test images are unlabelled.

    Raises :class:`InputError` if files or folders are missing, and for a ground truth file that
    is not what it should be.
    """

    root = settings.root
    source = root / f"gnd_{settings.name}.pkl"
    require(
        (root, {"jpg/": "images <name>.jpg", source.name: "the ground truth"}),
        (settings.train_root, training_files(settings.train_root)),
    )
    truth = read_gnd(source)
    gallery, query = (
        [os.path.join(root, "jpg", f"{name}.jpg") for name in names]
        for names in (truth.gallery, truth.queries)
    )
    require_files([*gallery, *query], source)
    listing = list_training(settings.train_root)
    classes = (*dict.fromkeys(listing.names), UNLABELLED)
    searched = unlabelled(settings, query, classes)
    boxes = np.array([answer.box for answer in truth.answers], np.float64)
    sides = [sides_of(answer, settings.difficulty) for answer in truth.answers]
    return Dataset(
        name=settings.name,
        classes=classes,
        group_names=("all",),
        train=image_set(settings, listing, classes),
        query=ImageSet(settings.images(query, boxes), searched.labels, searched.groups),
        gallery=unlabelled(settings, gallery, classes),
        relevance=Relevance.from_lists(
            positives=[positives for positives, _ in sides],
            ignored=[ignored for _, ignored in sides],
            gallery_size=len(gallery),
        ),
        map_at=MAP_AT,
    )


def sides_of(answer: Answer, difficulty: Difficulty) -> tuple[list[int], list[int]]:
    """Positives and ignored gallery images of a query under one of the three protocols."""
    asked = {
        "easy": (answer.easy, answer.junk + answer.hard),
        "medium": (answer.easy + answer.hard, answer.junk),
        "hard": (answer.hard, answer.junk + answer.easy),
    }
    positives, ignored = asked[difficulty]
    return sorted(set(positives)), sorted(set(ignored))


def training_files(root: Path) -> dict[str, str]:
    """What a training set consists of: a landmarks list and its images, or a tree alone."""
    return TRAIN_FILES if is_landmarks(root) else {"./": f"folders of classes, or {TRAIN}"}


def list_training(root: Path) -> Listing:
    """The training images: those of Google Landmarks v2 where its list is there, else a tree.

    Raises :class:`InputError` if there is neither.
    """
    return list_train(root) if is_landmarks(root) else list_classes(root)


def is_landmarks(root: Path) -> bool:
    """Whether a training set has the list of the clean images of Google Landmarks v2."""
    return any((root / name).is_file() for name in TRAIN.split(" or "))
