"""Stretches of texts, embedded one by one, each kept in a file of its own."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backfill.arrays import Array, Int64s
from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.reading import npy
from backfill.texts import models
from backfill.texts.beir import Stamp, opened
from backfill.vectors.lists.lines import Lines


class Work(NamedTuple):
    """What every process that embeds is told.

    Attributes:
        folder: of the shards; its name says by which model, and of which texts.
        texts: the file.
        stamp: of the file when it was checked.
        model: name, or absolute path.
        role: of the texts.
        prompt: before each text; None: the model's own.
        batch_size: texts at a time.
        half: whether float16 is stored, or float32.
    """

    folder: Path
    texts: Path
    stamp: Stamp
    model: str
    role: models.Role
    prompt: str | None
    batch_size: int
    half: bool


class Shard(NamedTuple):
    """A stretch of the order in which texts are embedded.

    Attributes:
        start: its first position.
        rows: of the texts, one per position.
    """

    start: int
    rows: Int64s

    def path(self, folder: Path) -> Path:
        """Where it is kept."""
        return folder / f"{self.start:012d}-{self.start + len(self.rows):012d}.npz"


def cut(order: Int64s, size: int) -> list[Shard]:
    """Cut an order into shards, which depend on nothing but their size."""
    return [Shard(start, order[start : start + size]) for start in range(0, len(order), size)]


def embed_shard(work: Work, shard: Shard) -> int:
    """Embed a shard and store it.

    Returns:
        The number of its texts.

    Raises:
        InputError: the texts have changed, the model fails, or the disk is full.
    """
    lines = _lines(work.texts, work.stamp)
    texts = [lines[int(row)].text for row in shard.rows]
    _require_same(work)
    models.load(work.model)  # before the clock runs
    begun = time.perf_counter()
    vectors = models.encode(work.model, texts, work.role, work.prompt, work.batch_size)
    seconds = time.perf_counter() - begun
    exceeding = models.exceeding(work.model, [f"{work.prompt or ''}{text}" for text in texts])
    stored = vectors.astype(np.float16) if work.half else vectors
    if not np.isfinite(stored).all():
        raise InputError(f"{work.model}: expected numbers that float16 can hold, got larger ones")
    with replacing(shard.path(work.folder)) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, vectors=stored, exceeding=exceeding, seconds=seconds)
    return len(texts)


def read_shard(path: Path, name: str) -> Array:
    """Read one of the arrays that :func:`embed_shard` stored.

    Args:
        path: of the shard.
        name: `vectors`, (n, D); `exceeding`, (n,) whether the model read only a text's beginning;
            `seconds` that embedding took.

    Raises:
        InputError: the file is damaged.
    """
    try:
        stored = npy.read_archive(path, "a finished shard")
        if name not in stored:
            raise InputError(f"{path}: expected a finished shard, got no {name}")
        return stored[name]
    except InputError as error:
        raise InputError(f"{error}; remove it, and run again") from error


@lru_cache(maxsize=2)
def _lines(path: Path, stamp: Stamp) -> Lines:
    return opened(path)


def _require_same(work: Work) -> None:
    if Stamp.of(work.texts) != work.stamp:
        raise InputError(f"{work.texts}: expected it unchanged, got new content; run again")
