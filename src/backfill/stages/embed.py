"""Stage `embed`: one encoder over every part of the dataset, once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from backfill import compute
from backfill import device as devices
from backfill.artifacts import PARTS, Layout, load_array, replacing, save_chunks
from backfill.encoders.augment import Shifts, shift_and_flip
from backfill.encoders.embedding import embed as embed_images
from backfill.encoders.model import Encoder
from backfill.params import Augment, Embed, Params
from backfill.stages.command import Done, run

Array = np.ndarray[Any, Any]


class Work(NamedTuple):
    """What every process that embeds is told."""

    weights: Path
    device: str
    embed: Embed
    augment: Augment
    title: str


class Shard(NamedTuple):
    """Rows of a part, in one view; they begin where a batch does."""

    images: Path
    rows: slice
    view: int | None  # an augmented one; none: as they are


def embed(params: Params, layout: Layout, name: str) -> Done:
    """Write (views, N, D) embeddings of the augmented training set, (1, N, D) of the others.

    The encoder's classifier, if it has one, is stored beside them.
    """
    encoder = Encoder.load(layout.weights(name))
    images = 0
    everywhere = layout.absolute()  # other processes may work in other folders
    with compute.start(params.compute) as engine, replacing(layout.embeddings(name)) as folder:
        for part in PARTS:
            count = len(load_array(layout.images(part), memory_map=True))
            views = range(params.embed.views) if part == "train" else [None]
            shards = [
                Shard(everywhere.images(part), rows, view)
                for view in views
                for rows in engine.cut(count, params.embed.batch_size)
            ]
            images += len(views) * count
            title = f"embed {part} by {name}"
            work = Work(
                everywhere.weights(name), params.device, params.embed, params.train.augment, title
            )
            save_chunks(
                folder / layout.embeddings(name, part).name,
                (len(views), count, encoder.settings["network"]["embedding_dim"]),
                np.float32,
                engine.map(embed_shard, work, shards, title=title, gpu=params.device != "cpu"),
            )
        classifier = encoder.stored_classifier()
        if classifier is not None:
            classifier.save(folder)
    return Done(images, "images")


def embed_shard(work: Work, shard: Shard) -> Array:
    """(n, D) embeddings; the same ones in whatever shards the rows come."""
    devices.make_deterministic(work.embed.seed)
    encoder = Encoder.load(work.weights, devices.choose(work.device))
    size, change = work.embed.batch_size, None
    if shard.view is not None:
        # Seeded by view alone: all encoders see the same views.
        generator = torch.Generator().manual_seed(work.embed.seed * 1_000_003 + shard.view)
        settings = work.augment.crop_padding, work.augment.flip
        for _ in range(0, shard.rows.start, size):  # what the batches before it draw
            Shifts.draw(size, generator, *settings)
        change = partial(shift_and_flip, generator=generator, padding=settings[0], flip=settings[1])
    images = load_array(shard.images, memory_map=True)[shard.rows]
    return embed_images(encoder, images, batch_size=size, change=change, title=work.title)


if __name__ == "__main__":
    run(embed, "name")
