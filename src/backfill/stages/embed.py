"""Stage `embed`: every image through one encoder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from backfill import compute, machine
from backfill import device as devices
from backfill.arrays import Float32s
from backfill.artifacts import IMAGES, Layout, load_array, replacing, save_chunks
from backfill.encoders.augment import Shifts, shift_and_flip
from backfill.encoders.embedding import embed as embed_images
from backfill.encoders.model import Encoder
from backfill.params import load_compute
from backfill.pipeline.plans import EmbedPlan
from backfill.stages.command import Done, run


class Work(NamedTuple):
    """What every process that embeds is told."""

    weights: Path
    plan: EmbedPlan
    title: str


class Shard(NamedTuple):
    """Rows of a part, in one view; they begin where a batch does.

    Attributes:
        images: the part's file.
        rows: of the part.
        view: number of an augmented view; None: the images as they are.
    """

    images: Path
    rows: slice
    view: int | None


def embed(plan: EmbedPlan, layout: Layout, name: str) -> Done:
    """Write the training set in augmented views, the queries, and the gallery.

    The encoder's classifier, if it has one, is stored beside them.

    Args:
        plan: the stage's settings.
        layout: of the workspace.
        name: of the encoder.

    Raises:
        InputError: images or weights are missing or damaged.
    """
    encoder = Encoder.load(layout.weights(name))
    dim: int = encoder.settings["network"]["embedding_dim"]
    everywhere = layout.absolute()  # other processes may work in other folders
    images = 0
    with compute.start(load_compute(layout.params)) as engine:

        def embedded(part: str, count: int, views: list[int | None]) -> Iterator[Float32s]:
            """The embeddings of a part, one view after the other, chunk by chunk."""
            shards = [
                Shard(everywhere.images(part), rows, view)
                for view in views
                for rows in engine.cut(count, plan.embed.batch_size)
            ]
            title = f"embed {part} by {name}"
            work = Work(everywhere.weights(name), plan, title)
            return engine.map(embed_shard, work, shards, title=title, gpu=plan.device != "cpu")

        with replacing(layout.embeddings(name)) as folder:
            for part, path, views in (
                ("train", folder / "train.npy", [*range(plan.embed.views)]),
                ("query", folder / "query.npy", [None]),
                ("gallery", folder / "gallery.npy", [None]),
            ):
                count = len(load_array(layout.images(part), IMAGES, memory_map=True))
                images += len(views) * count
                chunks = embedded(part, count, list(views))
                save_chunks(path, (len(views), count, dim), np.float32, chunks)
            classifier = encoder.stored_classifier()
            if classifier is not None:
                classifier.save(folder)
    return Done(images, "images")


def embed_shard(work: Work, shard: Shard) -> Float32s:
    """(n, D) embeddings; a row has the same one whatever shard it is in."""
    plan, size = work.plan, work.plan.embed.batch_size
    machine.use_threads(plan.threads)
    devices.make_deterministic(plan.embed.seed)
    encoder = Encoder.load(work.weights, devices.choose(plan.device))
    change = None
    if shard.view is not None:
        # Seeded by the view alone, so that all encoders see the same views.
        generator = torch.Generator().manual_seed(plan.embed.seed * 1_000_003 + shard.view)
        settings = plan.augment.crop_padding, plan.augment.flip
        for _ in range(0, shard.rows.start, size):  # what earlier batches would draw
            Shifts.draw(size, generator, *settings)
        change = partial(shift_and_flip, generator=generator, padding=settings[0], flip=settings[1])
    images = load_array(shard.images, IMAGES, memory_map=True)[shard.rows]
    return embed_images(encoder, images, batch_size=size, change=change, title=work.title)


if __name__ == "__main__":
    run(embed)
