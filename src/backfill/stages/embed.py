"""Stage `embed`: one encoder over every part of the dataset, once."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from backfill import device as devices
from backfill.artifacts import PARTS, Layout, load_array, replacing, save_array
from backfill.encoders.augment import shift_and_flip
from backfill.encoders.embedding import embed as embed_images
from backfill.encoders.model import Encoder
from backfill.params import Params
from backfill.stages.command import run


def embed(params: Params, layout: Layout, name: str) -> None:
    """Write (views, N, D) embeddings of the augmented training set, (1, N, D) of the others.

    The encoder's classifier, if it has one, is stored beside them.
    """
    devices.make_deterministic(params.embed.seed)
    encoder = Encoder.load(layout.weights(name), devices.choose(params.device))
    augment = params.train.augment
    with replacing(layout.embeddings(name)) as folder:
        for part in PARTS:
            images = load_array(layout.images(part), memory_map=True)
            views = []
            for view in range(params.embed.views if part == "train" else 1):
                # Seeded by view alone: all encoders see the same views.
                generator = torch.Generator().manual_seed(params.embed.seed * 1_000_003 + view)
                change = partial(
                    shift_and_flip,
                    generator=generator,
                    padding=augment.crop_padding,
                    flip=augment.flip,
                )
                views.append(
                    embed_images(
                        encoder,
                        images,
                        batch_size=params.embed.batch_size,
                        change=change if part == "train" else None,
                        title=f"embed {part} by {name}",
                    )
                )
            save_array(folder / layout.embeddings(name, part).name, np.stack(views))
        classifier = encoder.stored_classifier()
        if classifier is not None:
            classifier.save(folder)


if __name__ == "__main__":
    run(embed, "name")
