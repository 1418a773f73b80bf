"""Reads ``gnd_*.pkl``, the ground truth of ROxford and RParis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backfill.datasets.plain_pickle import unpickle
from backfill.errors import InputError


@dataclass(frozen=True)
class Answer:
    """One query: where it is in its image, and indices of gallery images, by how hard they are."""

    box: list[float]  # Left, upper, right and lower edge, in pixels.
    easy: list[int]
    hard: list[int]
    junk: list[int]


@dataclass(frozen=True)
class GroundTruth:
    """Names of the gallery's and the queries' images, without suffix, and an answer a query."""

    gallery: list[str]
    queries: list[str]
    answers: list[Answer]


def read_gnd(path: Path) -> GroundTruth:
    """Read a ground truth file.

    Raises :class:`InputError` if the file is missing, is no pickle, holds anything besides
    containers, strings, numbers and NumPy arrays, or is of another form.
    """
    content = unpickle(path)
    if not isinstance(content, dict):
        found = type(content).__name__
        raise InputError(f"{path}: found a {found}, expected imlist, qimlist and gnd by name")
    gallery, queries = (_names(path, content, key) for key in ("imlist", "qimlist"))
    records = content.get("gnd")
    if not isinstance(records, list) or len(records) != len(queries):
        found = f"{len(records)} entries" if isinstance(records, list) else type(records).__name__
        raise InputError(f"{path}: gnd: found {found}, expected {len(queries)} as in qimlist")
    answers = [
        Answer(
            _numbers(path, record, q, "bbx"),
            *(_indices(path, record, q, key, len(gallery)) for key in ("easy", "hard", "junk")),
        )
        for q, record in enumerate(records)
    ]
    return GroundTruth(gallery, queries, answers)


def _names(path: Path, content: dict[Any, Any], key: str) -> list[str]:
    names = content.get(key)
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise InputError(f"{path}: {key}: expected a list of names of images")
    outside = [name for name in names if name != Path(name).name]
    if outside:
        raise InputError(f"{path}: {key}: found {outside[0]!r}, expected the bare name of an image")
    return names


def _numbers(path: Path, record: Any, query: int, key: str) -> list[float]:
    values = record.get(key) if isinstance(record, dict) else None
    expected = 4 if key == "bbx" else None
    if (
        not isinstance(values, list)
        or not all(isinstance(value, int | float) for value in values)
        or expected not in (None, len(values))
    ):
        what = "four numbers" if expected else "a list of indices"
        raise InputError(f"{path}: gnd[{query}].{key}: found {values!r:.80}, expected {what}")
    return values


def _indices(path: Path, record: Any, query: int, key: str, count: int) -> list[int]:
    indices = {int(value) for value in _numbers(path, record, query, key)}
    outside = [index for index in indices if not 0 <= index < count]
    if outside:
        raise InputError(
            f"{path}: gnd[{query}].{key}: found {outside[0]}, expected 0 to {count - 1}, "
            "positions in imlist"
        )
    return sorted(indices)
