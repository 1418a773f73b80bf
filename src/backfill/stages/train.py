"""Stage `train`: one encoder."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from dvclive import Live

from backfill import compute
from backfill import device as devices
from backfill.artifacts import Layout, load_array, replacing
from backfill.compute import Peer
from backfill.encoders import objectives
from backfill.encoders.data_parallel import Ranks, joined
from backfill.encoders.model import Encoder
from backfill.encoders.teacher import Teacher
from backfill.encoders.training import Batches, Trainer
from backfill.params import Params
from backfill.stages.command import Done, run

CHECKPOINTS = Path(".checkpoints")


class Run(NamedTuple):
    """What every process that trains an encoder is told."""

    params: Params
    layout: Layout
    name: str
    folder: Path  # of checkpoints and of the training curve, until the run is finished


def train(params: Params, layout: Layout, name: str) -> Done:
    """Train the encoder of one row and write its weights and training curve."""
    folder = CHECKPOINTS / params.dataset.name / name
    # Other processes may work elsewhere.
    run = Run(params, layout.absolute(), name, folder.resolve())
    with compute.start(params.compute) as engine:
        images = engine.together(
            train_together, run, params.train.ranks, gpu=params.device != "cpu"
        )
    shutil.rmtree(folder)
    return Done(images, "images")


def train_together(run: Run, peer: Peer) -> int:
    """Train as one of the processes that share each batch; the first one writes."""
    device = devices.choose(run.params.device)
    with joined(peer, device) as ranks:
        return fit(run, ranks, device)


def fit(run: Run, ranks: Ranks, device: torch.device) -> int:
    """Train to the end, from this run's own checkpoint if there is one.

    Returns how many images have passed, each counted once an epoch.
    """
    params, layout, name = run.params, run.layout, run.name
    row = params.encoders[name]
    settings = row.training(params.train)
    devices.make_deterministic(row.seed)

    images = load_array(layout.images("train"), memory_map=True)
    labels = load_array(layout.labels("train"))
    rows = load_array(layout.allocation(row.trains_on))
    classes = np.unique(labels[rows])
    encoder = Encoder(
        settings.network,
        channels=images.shape[1],
        classes=classes.tolist() if row.supervised else [],
        scale=settings.classifier_scale,
    )
    # Sorted and few: statistics settle long before the whole set is read.
    sample = np.sort(np.random.default_rng(row.seed).permutation(rows)[:5000])
    encoder.measure_pixels(torch.from_numpy(images[sample]))
    objective = objectives.build(
        row,
        settings.augment,
        settings.network.embedding_dim,
        encoder.classes,
        labels,
        teacher=lambda: Teacher.load(layout.embeddings(str(row.teacher))),
    )
    targets = torch.from_numpy(np.searchsorted(classes, labels))
    batches = Batches(images, targets, rows, settings.batch_size, device)
    trainer = Trainer(
        encoder, objective, batches, settings, settings.epochs, row.seed, device, ranks
    )
    checkpoint = run.folder / "checkpoint.pt", fingerprint(params, layout, name)
    if ranks.rank > 0:
        return trainer.run(*checkpoint, log=lambda record: None, title=f"train {name}")

    with Live(str(run.folder / "live"), save_dvc_exp=False, dvcyaml=None, report=None) as live:

        def log(record: dict[str, float]) -> None:
            for metric, value in record.items():
                live.log_metric(metric, value)
            live.next_step()

        passed = trainer.run(*checkpoint, log, title=f"train {name}")

    with replacing(layout.encoder(name)) as out:
        out.mkdir()
        encoder.save(out / layout.weights(name).name)
        for curve in sorted((run.folder / "live" / "plots" / "metrics").glob("*.tsv")):
            (out / curve.name).write_bytes(curve.read_bytes())
    return passed


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
        inputs += sorted(layout.embeddings(row.teacher).iterdir())
    package = Path(__file__).parents[1]
    code = [*package.glob("encoders/*.py"), *package.glob("losses/*.py"), Path(__file__)]
    for path in [*inputs, *sorted(code)]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


if __name__ == "__main__":
    run(train, "name")
