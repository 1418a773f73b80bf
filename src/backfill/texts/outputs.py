"""The arrays that are made: which texts by which model, in which order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backfill.arrays import Array, Int64s
from backfill.artifacts import save_array, save_chunks
from backfill.texts.beir import Texts
from backfill.texts.models import Role
from backfill.texts.shards import Shard, Work, cut, read_shard


class Model(NamedTuple):
    """One of the two models.

    Attributes:
        side: `old` or `new`.
        name: of the model, or absolute path of its folder.
        fingerprint: what changes when the model does.
        document_prompt: before each document; None: the model's own.
        query_prompt: before each query; None: the model's own.
    """

    side: str
    name: str
    fingerprint: str
    document_prompt: str | None
    query_prompt: str | None


class Order(NamedTuple):
    """A random sample.

    Attributes:
        rows: in the order of the draw.
        seed: of the draw. A larger sample of the same seed begins with a smaller one, and takes
            over its full shards.
    """

    rows: Int64s
    seed: int


class Settings(NamedTuple):
    """What all arrays have in common.

    Attributes:
        folder: where shards are kept.
        batch_size: texts at a time.
        half: whether float16 is stored.
        shard: texts per shard.
    """

    folder: Path
    batch_size: int
    half: bool
    shard: int


class Output(NamedTuple):
    """One array.

    Attributes:
        name: of its file, without the suffix.
        side: `old` or `new`.
        work: how it is made.
        shards: in which pieces.
        sampled: whether they hold a sample in the order of its draw, or all rows in theirs.
    """

    name: str
    side: str
    work: Work
    shards: list[Shard]
    sampled: bool

    @property
    def total(self) -> int:
        """The number of its rows."""
        return sum(len(shard.rows) for shard in self.shards)

    @property
    def file(self) -> str:
        """Its name in the folder."""
        return f"{self.name}.npy"

    @property
    def key(self) -> str:
        """What it is made from, as a name."""
        return f"{self.work.folder.name}, {self.total} rows"

    def missing(self) -> list[Shard]:
        """The shards that are not there yet."""
        return [shard for shard in self.shards if not shard.path(self.work.folder).exists()]

    def stored(self, name: str) -> Iterator[Array]:
        """An array of each shard, one after the other."""
        return (read_shard(shard.path(self.work.folder), name) for shard in self.shards)

    def write(self, path: Path) -> None:
        """Put the vectors together; those of a sample are sorted by rows, in memory."""
        if self.sampled:
            rows = np.concatenate([shard.rows for shard in self.shards])
            save_array(path, np.concatenate([*self.stored("vectors")])[np.argsort(rows)])
        else:
            first = next(self.stored("vectors"))
            shape = self.total, first.shape[1]
            save_chunks(path, shape, first.dtype, self.stored("vectors"))


def output(
    model: Model, role: Role, texts: Texts, settings: Settings, order: Order | None = None
) -> Output:
    """Describe an array; what decides its numbers decides where its shards are kept.

    Args:
        model: that embeds.
        role: of the texts.
        texts: what is embedded.
        settings: how.
        order: which rows; None: all, in theirs.
    """
    documents = role == "document"
    prompt = model.document_prompt if documents else model.query_prompt
    seed = None if order is None else order.seed
    decides = [model.fingerprint, texts.digest, role, prompt, settings.half, seed]
    key = hashlib.blake2b(json.dumps(decides).encode(), digest_size=12).hexdigest()
    work = Work(
        folder=settings.folder / key,
        texts=texts.path,
        stamp=texts.stamp,
        model=model.name,
        role=role,
        prompt=prompt,
        batch_size=settings.batch_size,
        half=settings.half,
    )
    rows = np.arange(len(texts.ids)) if order is None else order.rows
    name = model.side if documents else f"queries_{model.side}"
    return Output(name, model.side, work, cut(rows, settings.shard), order is not None)
