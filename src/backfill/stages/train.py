"""Stage `train`: one encoder."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dvclive import Live

from backfill import device as devices
from backfill.artifacts import Layout, load_array, replacing
from backfill.encoders.embedding import embed
from backfill.encoders.model import Encoder
from backfill.encoders.objectives import (
    BackwardCompatible,
    Classification,
    Objective,
    SelfSupervised,
)
from backfill.encoders.teacher import old_classifier
from backfill.encoders.training import Batches, Trainer
from backfill.params import Params
from backfill.stages.command import run

CHECKPOINTS = Path(".checkpoints")


def train(params: Params, layout: Layout, name: str) -> None:
    """Train the encoder of one row and write its weights and training curve."""
    row = params.encoders[name]
    device = devices.choose(params.device)
    devices.make_deterministic(row.seed)

    images = load_array(layout.images("train"), memory_map=True)
    labels = load_array(layout.labels("train"))
    rows = load_array(layout.allocation(row.trains_on))
    supervised = row.loss != "nt_xent"
    classes = np.unique(labels[rows])
    encoder = Encoder(
        row.network,
        channels=images.shape[1],
        classes=classes.tolist() if supervised else [],
        scale=params.train.classifier_scale,
    )
    # Sorted and few: statistics settle long before the whole set is read.
    sample = np.sort(np.random.default_rng(row.seed).permutation(rows)[:5000])
    encoder.measure_pixels(torch.from_numpy(images[sample]))
    trainer = Trainer(
        encoder,
        objective_of(params, layout, name, encoder, device),
        Batches(images, torch.from_numpy(np.searchsorted(classes, labels)), rows,
                params.train.batch_size, device),
        params.train,
        row.epochs,
        row.seed,
        device,
    )  # fmt: skip

    folder = CHECKPOINTS / params.dataset.name / name
    with Live(str(folder / "live"), save_dvc_exp=False, dvcyaml=None, report=None) as live:

        def log(record: dict[str, float]) -> None:
            for metric, value in record.items():
                live.log_metric(metric, value)
            live.next_step()

        checkpoint = folder / "checkpoint.pt"
        trainer.run(checkpoint, fingerprint(params, layout, name), log, title=f"train {name}")

    with replacing(layout.encoder(name)) as out:
        out.mkdir()
        encoder.save(out / layout.weights(name).name)
        for curve in sorted((folder / "live" / "plots" / "metrics").glob("*.tsv")):
            (out / curve.name).write_bytes(curve.read_bytes())
    shutil.rmtree(folder)


def objective_of(
    params: Params, layout: Layout, name: str, encoder: Encoder, device: torch.device
) -> Objective:
    """The objective of a row, with what it needs of the encoder to be compatible with."""
    row = params.encoders[name]
    augment = params.train.augment
    if row.loss == "classification":
        return Classification(augment)
    if row.loss == "nt_xent":
        return SelfSupervised(augment, row.network.embedding_dim, row.temperature)
    assert row.teacher is not None
    teacher = Encoder.load(layout.weights(row.teacher), device)
    unknown = ~np.isin(load_array(layout.labels("train")), teacher.classes)
    images = load_array(layout.images("train"), memory_map=True)[unknown]
    embeddings = embed(teacher, images, batch_size=params.embed.batch_size, title="old classes")
    labels = torch.from_numpy(load_array(layout.labels("train"))[unknown])
    weight = old_classifier(teacher.cpu(), encoder.classes, torch.from_numpy(embeddings), labels)
    return BackwardCompatible(augment, weight, params.train.classifier_scale, row.loss_weight)


def fingerprint(params: Params, layout: Layout, name: str) -> str:
    """Identify everything that a checkpoint's state depends on: settings, inputs and code."""
    row = params.encoders[name]
    settings: dict[str, Any] = {
        "row": row.model_dump(),
        "train": params.train.model_dump(),
        "device": str(devices.choose(params.device)),
        "torch": torch.__version__,
    }
    digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode())
    inputs = [layout.images("train"), layout.labels("train"), layout.allocation(row.trains_on)]
    if row.teacher is not None:
        inputs.append(layout.weights(row.teacher))
    package = Path(__file__).parents[1]
    code = [*package.glob("encoders/*.py"), *package.glob("losses/*.py"), Path(__file__)]
    for path in [*inputs, *sorted(code)]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


if __name__ == "__main__":
    run(train, "name")
