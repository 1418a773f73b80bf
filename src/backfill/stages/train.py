"""Stage `train`: one encoder."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from dvclive import Live

from backfill import compute, machine
from backfill import device as devices
from backfill.artifacts import IMAGES, Layout, load_array, load_numbers, replacing
from backfill.compute import Peer
from backfill.encoders import objectives
from backfill.encoders.data_parallel import Processes, joined
from backfill.encoders.model import Encoder
from backfill.encoders.teacher import Teacher
from backfill.encoders.training import Batches, Trainer
from backfill.params import load_compute
from backfill.params.rows.encoders import CompatibleRow, SelfSupervised
from backfill.pipeline.plans import TrainPlan
from backfill.stages.command import Done, run


class Run(NamedTuple):
    """What every process that trains an encoder is told."""

    plan: TrainPlan
    layout: Layout
    name: str


def train(plan: TrainPlan, layout: Layout, name: str) -> Done:
    """Train one encoder and write its weights and training curve.

    Args:
        plan: the stage's settings.
        layout: of the workspace.
        name: of the encoder.

    Raises:
        InputError: images, or what a teacher left, are missing or damaged.
    """
    # Other processes may work in other folders.
    run = Run(plan, layout.absolute(), name)
    with compute.start(load_compute(layout.params)) as engine:
        images = engine.together(
            train_together, run, plan.train.processes, gpu=plan.device != "cpu"
        )
    shutil.rmtree(layout.checkpoints(name))
    return Done(images, "images")


def train_together(run: Run, peer: Peer) -> int:
    """Train as one of the processes that share each batch; the first one writes."""
    machine.use_threads(run.plan.threads)
    machine.keep_memory()
    device = devices.choose(run.plan.device)
    with joined(peer, device) as processes:
        return fit(run, processes, device)


def fit(run: Run, processes: Processes, device: torch.device) -> int:
    """Train to the end, from this run's own checkpoint if there is one.

    Returns:
        How many images have passed, each counted once per epoch.
    """
    plan, layout, name = run
    row, settings = plan.row, plan.train
    devices.make_deterministic(plan.seed)

    images = load_array(layout.images("train"), IMAGES, memory_map=True)
    labels = load_numbers(layout.labels("train"), len(images))
    rows = load_numbers(layout.share(row.trains_on), below=len(images))
    classes = np.unique(labels[rows])
    encoder = Encoder(
        settings.network,
        channels=images.shape[1],
        classes=[] if isinstance(row, SelfSupervised) else classes.tolist(),
        scale=settings.classifier_scale,
    )
    # Statistics settle long before the whole set is read.
    sample = np.sort(np.random.default_rng(plan.seed).permutation(rows)[:5000])
    encoder.measure_pixels(torch.from_numpy(images[sample]))
    if row.starts_from is not None:
        encoder.start_from(Encoder.load(layout.weights(row.starts_from)))
    objective = objectives.build(
        row,
        settings.augment,
        settings.network.embedding_dim,
        encoder.classes,
        labels,
        rows,
        teacher=lambda name: Teacher.load(layout.views(name), layout.embeddings(name)),
        label_smoothing=settings.label_smoothing,
    )
    targets = torch.from_numpy(np.searchsorted(classes, labels))
    augment = settings.augment
    alternating = plan.seed if augment.flip and augment.alternating else None
    batches = Batches(images, targets, rows, settings.batch_size, device, alternating)
    trainer = Trainer(
        encoder, objective, batches, settings, settings.epochs, plan.seed, device, processes
    )
    folder = layout.checkpoints(name)
    checkpoint = folder / "checkpoint.pt", fingerprint(plan, layout)
    if processes.rank > 0:
        return trainer.run(*checkpoint, log=lambda record: None, title=f"train {name}")

    with Live(str(folder / "live"), save_dvc_exp=False, dvcyaml=None, report=None) as live:

        def log(record: dict[str, float]) -> None:
            for metric, value in record.items():
                live.log_metric(metric, value)
            live.next_step()

        passed = trainer.run(*checkpoint, log, title=f"train {name}")

    with replacing(layout.encoder(name)) as out:
        out.mkdir()
        encoder.save(out / layout.weights(name).name)
        for curve in sorted((folder / "live" / "plots" / "metrics").glob("*.tsv")):
            (out / curve.name).write_bytes(curve.read_bytes())
    return passed


def fingerprint(plan: TrainPlan, layout: Layout) -> str:
    """Identify everything that a checkpoint's state depends on: settings, inputs and code."""
    row = plan.row
    settings = plan.model_dump(mode="json") | {
        "device": str(devices.choose(plan.device)),
        "torch": torch.__version__,
    }
    digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode())
    inputs = [layout.images("train"), layout.labels("train"), layout.share(row.trains_on)]
    if isinstance(row, CompatibleRow):
        inputs.append(layout.views(row.teacher))
        inputs += sorted(layout.embeddings(row.teacher).iterdir())
    if row.starts_from is not None:
        inputs.append(layout.weights(row.starts_from))
    package = Path(__file__).parents[1]
    code = [*package.glob("encoders/**/*.py"), *package.glob("losses/*.py"), Path(__file__)]
    for path in [*inputs, *sorted(code)]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


if __name__ == "__main__":
    run(train)
