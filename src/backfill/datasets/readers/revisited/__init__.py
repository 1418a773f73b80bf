"""Revisited Oxford and Paris as published: `jpg/` and `gnd_<name>.pkl`.

They have no training set; RACT (Zhang et al., ICLR 2022) trains on Google Landmarks v2.

Source: Radenovic et al., "Revisiting Oxford and Paris: Large-Scale Image Retrieval Benchmarking",
CVPR 2018.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from backfill.datasets.base import UNLABELLED, Dataset, ImageSet
from backfill.datasets.decoding import Fit
from backfill.datasets.listing import Listing, list_classes, require, require_files
from backfill.datasets.readers.gldv2 import TRAIN, TRAIN_FILES, list_train
from backfill.datasets.readers.revisited.gnd import Answer, read_gnd
from backfill.datasets.registry import register
from backfill.datasets.settings import ImageFileSettings
from backfill.datasets.tree import image_set, unlabelled
from backfill.relevance import Relevance

Difficulty = Literal["easy", "medium", "hard"]
MAP_AT = 10  # as RACT reports


class Revisited(ImageFileSettings):
    """The settings that both datasets share."""

    train_root: Path = Field(
        description="what to train on: Google Landmarks v2, or a tree of <class>/<image>"
    )
    fit: Fit = Field(
        "stretch", description="how an image becomes a square: stretch, or crop the centre"
    )
    difficulty: Difficulty = Field("medium", description="which of the three published protocols")


class ROxford5k(Revisited):
    """ROxford: 70 queries for eleven buildings of Oxford, 4,993 images to search."""

    name: Literal["roxford5k"] = "roxford5k"


class RParis6k(Revisited):
    """RParis: 70 queries for eleven places in Paris, 6,322 images to search."""

    name: Literal["rparis6k"] = "rparis6k"


@register(ROxford5k, published="70 queries, 4,993 to search")
@register(RParis6k, published="70 queries, 6,322 to search")
def load_revisited(settings: ROxford5k | RParis6k) -> Dataset:
    """Find ROxford or RParis, and the training set; there is one group.

    Queries are cropped from their images. The difficulty says which gallery images are positives:
    the easy ones, the easy and the hard ones (medium), or the hard ones. The rest of these are
    ignored, and junk always is. Mean average precision counts the first ten results, as RACT has
    it; beside it stands the official one, trapezoidal and of the whole ranking. Test images are
    unlabelled.

    Raises:
        InputError: files or folders are missing, or the ground truth file is not as published.
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
    judged = [judge(answer, settings.difficulty) for answer in truth.answers]
    return Dataset(
        name=settings.name,
        classes=classes,
        group_names=("all",),
        train=image_set(settings, listing, classes),
        query=ImageSet(settings.images(query, boxes), searched.labels, searched.groups),
        gallery=unlabelled(settings, gallery, classes),
        relevance=Relevance.from_lists(
            positives=[positives for positives, _ in judged],
            ignored=[ignored for _, ignored in judged],
            gallery_size=len(gallery),
        ),
        map_at=MAP_AT,
        trapezoidal=True,
    )


def judge(answer: Answer, difficulty: Difficulty) -> tuple[list[int], list[int]]:
    """Return the positives and the ignored gallery images of a query under one protocol."""
    protocols = {
        "easy": (answer.easy, answer.junk + answer.hard),
        "medium": (answer.easy + answer.hard, answer.junk),
        "hard": (answer.hard, answer.junk + answer.easy),
    }
    positives, ignored = protocols[difficulty]
    return sorted(set(positives)), sorted(set(ignored))


def training_files(root: Path) -> dict[str, str]:
    """Return what the training set must contain, as :func:`.listing.require` takes it."""
    return TRAIN_FILES if is_landmarks(root) else {"./": f"class folders, or {TRAIN}"}


def list_training(root: Path) -> Listing:
    """List the training images: those of Google Landmarks v2, or else those of a tree.

    Raises:
        InputError: there is neither.
    """
    return list_train(root) if is_landmarks(root) else list_classes(root)


def is_landmarks(root: Path) -> bool:
    """Return whether `root` has the list of clean training images of Google Landmarks v2."""
    return any((root / name).is_file() for name in TRAIN.split(" or "))
