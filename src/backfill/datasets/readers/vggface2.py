"""VGGFace2 as published: `train/n000002/*.jpg`, `test/...` and `identity_meta.csv`.

Source: Cao et al., "VGGFace2: A dataset for recognising faces across pose and age", FG 2018.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from backfill.datasets.base import Dataset
from backfill.datasets.listing import find_one, some
from backfill.datasets.registry import register
from backfill.datasets.tree import TreeSettings, load_train_and_test
from backfill.errors import InputError
from backfill.reading.files import read_bytes, short

META = "identity_meta.csv or meta/identity_meta.csv"  # the archive has it in meta/
_BYTES = 16 << 20
GENDERS = {"f": "female", "m": "male"}


class VggFace2(TreeSettings):
    """VGGFace2: 3.1 million faces of 8,631 people to train on, 169,396 of 500 others to test."""

    name: Literal["vggface2"] = "vggface2"


@register(
    VggFace2,
    published="3,141,890 to train on (8,631 classes), 169,396 of 500 classes as queries and "
    "gallery",
)
def load_vggface2(settings: VggFace2) -> Dataset:
    """Find VGGFace2; a class is a person, and a group is a gender.

    The test images are both queries and gallery, each query itself ignored. No person is in both
    the training and the test images.

    Raises:
        InputError: a folder or `identity_meta.csv` is missing, or that file leaves people out.
    """
    return load_train_and_test(
        settings,
        test="test",
        class_is="person",
        grouping=genders,
        files={META: "the gender of each person"},
    )


def genders(root: Path, classes: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Read the gender of each person from `identity_meta.csv`.

    Args:
        root: folder of the dataset.
        classes: the people whose gender is needed.

    Returns:
        The names of the genders, and the position of each person's gender among them.

    Raises:
        InputError: the file is missing, has other columns or a gender other than m and f, or
            leaves out any of `classes`.
    """
    path = find_one(root, META)
    found: dict[str, int] = {}
    data = read_bytes(path, "the gender of each person", _BYTES)
    # Names of people may be in any encoding, and are not used.
    header, *lines = data.decode("utf-8-sig", errors="replace").splitlines() or [""]
    columns = [column.strip() for column in header.split(",")]
    if columns[0] != "Class_ID" or columns[-1] != "Gender":
        raise InputError(
            f"{path}: expected columns Class_ID, Name, Sample_Num, Flag, Gender, "
            f"got {short(header)}"
        )
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        # Names may contain commas, so only the first and the last column are read.
        person, gender = line.split(",")[0].strip(), line.rpartition(",")[2].strip()
        if gender not in GENDERS:
            raise InputError(f"{path}: line {number}: expected gender m or f, got {short(gender)}")
        found[person] = list(GENDERS).index(gender)
    missing = [person for person in classes if person not in found]
    if missing:
        raise InputError(f"{path}: expected a line for each person, got none for {some(missing)}")
    return tuple(GENDERS.values()), found
