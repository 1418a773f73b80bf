"""Reads `gnd_*.pkl`, the ground truth of ROxford and RParis."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from backfill.datasets.plain_pickle import unpickle
from backfill.errors import InputError
from backfill.reading.files import short


@dataclass(frozen=True)
class Answer:
    """The ground truth of one query.

    Attributes:
        box: left, upper, right and lower edge of the query in its image, in pixels.
        easy: positions of gallery images that are easy to find.
        hard: positions of those that are hard to find.
        junk: positions of those that are left out of the ranking.
    """

    box: list[float]
    easy: list[int]
    hard: list[int]
    junk: list[int]


@dataclass(frozen=True)
class GroundTruth:
    """What a ground truth file holds.

    Attributes:
        gallery: names of the gallery's images, without suffix.
        queries: names of the queries' images, without suffix.
        answers: one per query.
    """

    gallery: list[str]
    queries: list[str]
    answers: list[Answer]


def read_gnd(path: Path) -> GroundTruth:
    """Read a ground truth file.

    Raises:
        InputError: the file is missing, is not a pickle, holds anything but containers, strings,
            numbers and NumPy arrays, or is not laid out as published.
    """
    content = unpickle(path)
    if not isinstance(content, dict):
        found = type(content).__name__
        raise InputError(f"{path}: expected a dict of imlist, qimlist and gnd, got a {found}")
    gallery, queries = (_names(path, content, key) for key in ("imlist", "qimlist"))
    records = content.get("gnd")
    if not isinstance(records, list) or len(records) != len(queries):
        found = f"{len(records)} entries" if isinstance(records, list) else type(records).__name__
        raise InputError(f"{path}: gnd: expected {len(queries)} as in qimlist, got {found}")
    answers = [
        Answer(
            _numbers(path, record, q, "bbx"),
            *(_positions(path, record, q, key, len(gallery)) for key in ("easy", "hard", "junk")),
        )
        for q, record in enumerate(records)
    ]
    return GroundTruth(gallery, queries, answers)


def _names(path: Path, content: dict[Any, Any], key: str) -> list[str]:
    names = content.get(key)
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise InputError(f"{path}: {key}: expected a list of image names, got {short(names)}")
    outside = [name for name in names if name != Path(name).name]
    if outside:
        raise InputError(f"{path}: {key}: expected bare image names, got {short(outside[0])}")
    return names


def _numbers(path: Path, record: Any, query: int, key: str) -> list[float]:
    values = record.get(key) if isinstance(record, dict) else None
    length = 4 if key == "bbx" else None
    if (
        not isinstance(values, list)
        or not all(type(value) in (int, float) and isfinite(value) for value in values)
        or length not in (None, len(values))
    ):
        what = "four finite numbers" if length else "a list of positions"
        raise InputError(f"{path}: gnd[{query}].{key}: expected {what}, got {short(values)}")
    return values


def _positions(path: Path, record: Any, query: int, key: str, count: int) -> list[int]:
    positions = set(_numbers(path, record, query, key))
    broken = [position for position in positions if position != int(position)]
    if broken:
        raise InputError(f"{path}: gnd[{query}].{key}: expected positions, got {broken[0]}")
    outside = [position for position in positions if not 0 <= position < count]
    if outside:
        raise InputError(
            f"{path}: gnd[{query}].{key}: expected positions in imlist, 0 to {count - 1}, "
            f"got {outside[0]}"
        )
    return sorted(int(position) for position in positions)
