"""Images per second of the training loop, beside those of a bare step.

    python benchmarks/train.py

The reference is forward pass, backward pass and optimiser step of the same network on one batch
that is already on the device, with the same precision and memory format. No loop can be faster. It
runs in turn with the training loop, which also draws, augments and normalises batches, applies the
classifier and the schedule, and sums the loss. The loop should reach at least 0.9 of the reference.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from pydantic import TypeAdapter

from backfill import device as devices
from backfill import machine
from backfill.encoders import objectives
from backfill.encoders.data_parallel import ALONE, Processes
from backfill.encoders.model import Encoder
from backfill.encoders.teacher import Teacher
from backfill.encoders.training import Batches, Trainer
from backfill.params.networks import ResNet
from backfill.params.rows.encoders import Encoder as Row
from backfill.params.settings import Augment, Train

SETTINGS = Train(
    network=ResNet(family="resnet", blocks=[2, 2, 2, 2], width=32, embedding_dim=128), epochs=1,
    batch_size=128, optimizer="sgd", learning_rate=0.1, momentum=0.9, weight_decay=5e-4,
    schedule="one_cycle", warmup_fraction=0.25, classifier_scale=16.0,
    augment=Augment(crop_padding=4, flip=True),
)  # fmt: skip


def trainer(
    width: int, images: int, rounds: int, device: torch.device, processes: Processes = ALONE
) -> Trainer:
    """A trainer of ResNet-18 for CIFAR at a given width, on random images."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (images, 3, 32, 32), dtype=np.uint8)
    targets = torch.from_numpy(rng.integers(0, 100, images))
    network = SETTINGS.network.model_copy(update={"width": width})
    encoder = Encoder(network, 3, list(range(100)), SETTINGS.classifier_scale)
    encoder.measure_pixels(torch.from_numpy(pixels[:1000]))
    batches = Batches(pixels, targets, np.arange(images), SETTINGS.batch_size, device)
    row = TypeAdapter(Row).validate_python(
        {"loss": "classification", "trains_on": "all/all", "seeds": [0]}
    )
    dim, labels = SETTINGS.network.embedding_dim, targets.numpy()
    objective = objectives.build(
        row, SETTINGS.augment, dim, encoder.classes, labels, np.arange(images), _no_teacher
    )
    return Trainer(encoder, objective, batches, SETTINGS, rounds + 1, 0, device, processes)


def _no_teacher(name: str) -> Teacher:
    raise AssertionError(f"classification has no teacher, got {name}")


def bare_epoch(loop: Trainer, steps: int) -> None:
    """Run forward pass, backward pass and optimiser step on one batch that stays on the device."""
    device = loop.device
    batch = torch.randn(SETTINGS.batch_size, 3, 32, 32, device=device)
    batch = batch.contiguous(memory_format=torch.channels_last)
    bfloat16 = devices.has_fast_bfloat16(device)
    loop.encoder.train()
    for _ in range(steps):
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            embeddings = loop.encoder.network(batch)
        loss = embeddings.float().square().mean()
        loop.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        loop.optimizer.step()


def seconds(work: object, device: torch.device) -> float:
    """Wall time of one call, including what it queued on the device."""
    assert callable(work)
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--width", type=int, default=32, help="channels of the first group")
    parser.add_argument("--images", type=int, default=5120, help="images per epoch")
    parser.add_argument("--rounds", type=int, default=4, help="timed epochs of each kind")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    device = devices.choose(arguments.device)
    loop = trainer(arguments.width, arguments.images, arguments.rounds, device)
    steps = len(loop.batches)
    loop.run_epoch(0)
    bare_epoch(loop, steps)
    times: dict[str, list[float]] = {"bare step": [], "real loop": []}
    for round_ in range(arguments.rounds):
        times["bare step"].append(seconds(lambda: bare_epoch(loop, steps), device))
        times["real loop"].append(seconds(lambda e=round_ + 1: loop.run_epoch(e), device))
    count = steps * SETTINGS.batch_size
    reference = count / min(times["bare step"])
    print(f"ResNet-18, width {arguments.width}, batch {SETTINGS.batch_size}, 32x32, {device}, "
          f"{torch.get_num_threads()} threads, torch {torch.__version__}")  # fmt: skip
    print(machine.described())
    print(f"{'':12}{'images/s':>10}{'ratio':>8}")
    for name, durations in times.items():
        rate = count / min(durations)
        print(f"{name:12}{rate:10.0f}{rate / reference:8.2f}")


if __name__ == "__main__":
    main()
