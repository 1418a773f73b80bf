"""VGGFace2 as published: ``train/n000001/*.jpg``, ``test/...`` and ``identity_meta.csv``.

Source: Cao et al., "VGGFace2: A dataset for recognising faces across pose and age", FG 2018.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from backfill.datasets.base import Dataset
from backfill.datasets.listing import find_one, some
from backfill.datasets.settings import SubsetSettings
from backfill.datasets.tree import load_train_and_test
from backfill.errors import InputError

META = "identity_meta.csv or meta/identity_meta.csv"  # Packed in meta/.
GENDERS = {"f": "female", "m": "male"}


class VggFace2(SubsetSettings):
    """VGGFace2: 3.1 million faces of 8,631 people to train on, 169,396 of 500 others to test."""

    name: Literal["vggface2"] = "vggface2"


def load_vggface2(settings: VggFace2) -> Dataset:
    """Find VGGFace2 below ``settings.root``; a class is a person, a group is a gender.

    The test set is query and gallery, each query itself ignored; none of its people is trained
    on. ``identity_meta.csv`` may lie in ``meta/``, as it is packed. Raises
    :class:`InputError` if a split or the file is missing, or if the file leaves people out.
    """
    return load_train_and_test(
        settings,
        settings.name,
        test="test",
        class_is="person",
        grouping=genders,
        files={META: "the gender of each person"},
    )


def genders(root: Path, classes: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, int]]:
    """The names of the genders, and each person's.

    Raises :class:`InputError` if identity_meta.csv is missing, names another gender than m and f,
    or leaves out any of ``classes``.
    """
    path = find_one(root, META)
    found: dict[str, int] = {}
    header, *lines = path.read_text("utf-8-sig", errors="replace").splitlines() or [""]
    columns = [column.strip() for column in header.split(",")]
    if columns[0] != "Class_ID" or columns[-1] != "Gender":
        raise InputError(
            f"{path}: found columns {header!r}, expected Class_ID, Name, Sample_Num, Flag, Gender"
        )
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        # Names may hold commas; only the first and the last column are of use.
        person, gender = line.split(",")[0].strip(), line.rpartition(",")[2].strip()
        if gender not in GENDERS:
            raise InputError(f"{path}: line {number}: found gender {gender!r}, expected m or f")
        found[person] = list(GENDERS).index(gender)
    missing = [person for person in classes if person not in found]
    if missing:
        raise InputError(f"{path}: found no line for {some(missing)}")
    return tuple(GENDERS.values()), found
