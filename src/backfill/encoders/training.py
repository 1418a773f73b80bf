"""The loop that trains an encoder.

All random numbers of an epoch come from one generator, seeded by the run's seed and the epoch. A
checkpoint is written after every epoch. So a run that was killed resumes and ends with the very
same weights.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from backfill.arrays import Int64s, UInt8s
from backfill.encoders import checkpoints, optimizers
from backfill.encoders.data_parallel import ALONE, BatchLoss, Processes, parallel
from backfill.encoders.objectives import Batch
from backfill.errors import InputError

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.encoders.objectives import Objective
    from backfill.params.settings import Train

# A larger training set stays memory-mapped and goes to the device batch by batch.
RESIDENT_BYTES = 8 << 30


@dataclass
class Batches:
    """Random batches of a training set.

    Attributes:
        images: (N, C, H, W), in memory or memory-mapped.
        targets: (N,) the classifier's row for each image.
        rows: positions of the images that are trained on.
        size: images per batch, at most all; a last, smaller batch is left out.
        device: that trains.
        alternating: seed of alternating flips: half of the images, drawn by it, are mirrored in the
            first epoch, the other half in the second, and so on; none: no image is mirrored here.
    """

    images: UInt8s
    targets: Tensor
    rows: Int64s
    size: int
    device: torch.device
    alternating: int | None = None
    _resident: Tensor | None = field(default=None, init=False)
    _mirrored: Tensor | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.size = min(self.size, len(self.rows))
        needed = len(self.rows) * self.images[0].nbytes
        if needed <= RESIDENT_BYTES:
            # Sorted, so that a memory map is read once from front to back.
            self.rows = np.sort(self.rows)
            chosen = torch.from_numpy(np.ascontiguousarray(self.images[self.rows]))
            self._resident = chosen.to(self.device)
        if self.alternating is not None:
            generator = torch.Generator().manual_seed(self.alternating)
            self._mirrored = torch.rand(len(self.images), generator=generator) < 0.5

    def __len__(self) -> int:
        return len(self.rows) // self.size

    def epoch(self, generator: torch.Generator, number: int = 0) -> Iterator[Batch]:
        """Yield all batches of one epoch in random order.

        Args:
            generator: draws the order.
            number: of the epoch, from 0.
        """
        order = torch.randperm(len(self.rows), generator=generator)
        for start in range(0, len(self) * self.size, self.size):
            index = order[start : start + self.size]
            if self._resident is not None:
                rows = self.rows[index.numpy()]
                images = self._resident[index.to(self.device)]
            else:
                rows = np.sort(self.rows[index.numpy()])
                images = torch.from_numpy(self.images[rows]).to(self.device, non_blocking=True)
            positions = torch.from_numpy(rows)
            if self._mirrored is not None:
                mirrored = (self._mirrored[positions] ^ bool(number % 2)).to(self.device)
                images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
            yield Batch(images, self.targets[positions].to(self.device), positions)


@dataclass
class Trainer:
    """An encoder, its objective and its optimizer during training.

    If several processes train together, each has its own trainer with the same seed and data. The
    first one writes checkpoints, which all must be able to read.

    Attributes:
        encoder: to train.
        objective: gives the loss.
        batches: of the training set.
        settings: of the training.
        epochs: how many.
        seed: of batches, views and everything else that is drawn.
        device: that trains.
        processes: that train together.
        history: loss and learning rate of each finished epoch.

    Raises:
        InputError: the processes cannot share a batch evenly.
    """

    encoder: Encoder
    objective: Objective
    batches: Batches
    settings: Train
    epochs: int
    seed: int
    device: torch.device
    processes: Processes = ALONE
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.batches.size % self.processes.size:
            raise InputError(
                f"train.processes: expected a divisor of the batch size, {self.batches.size}, "
                f"got {self.processes.size}"
            )
        self.encoder.place(self.device)
        self.objective.to(self.device)
        self.batch_loss = parallel(
            BatchLoss(self.encoder, self.objective, self.processes), self.device
        )
        s = self.settings
        self.optimizer = optimizers.build(s, self.encoder, self.objective)
        self.scheduler = schedule(self.optimizer, s, self.epochs, len(self.batches))

    def run_epoch(self, epoch: int, after_step: Callable[[], object] = lambda: None) -> float:
        """Train on every image once.

        Args:
            epoch: number of the epoch, from 0.
            after_step: called after each batch.

        Returns:
            Mean loss over the batches.
        """
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        self.encoder.train()
        total = torch.zeros((), device=self.device)
        for batch in self.batches.epoch(generator, epoch):
            loss = self.batch_loss(batch, generator)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            total += loss.detach()
            after_step()
        return float(total) / len(self.batches)

    def run(
        self,
        checkpoint: Path,
        fingerprint: str,
        log: Callable[[dict[str, float]], object],
        title: str,
    ) -> int:
        """Train to the end, from `checkpoint` if it belongs to this very run.

        Args:
            checkpoint: file that is written after each epoch.
            fingerprint: identifies data, settings and code. A checkpoint with another fingerprint
                is not used.
            log: called with each epoch's record, also for epochs before an interruption.
            title: shown beside the progress bar.

        Returns:
            Number of images trained on by this call, each counted once per epoch.

        Raises:
            InputError: the processes find different checkpoints, or one cannot be written.
        """
        if self._resume(checkpoint, fingerprint):
            for record in self.history:
                log(record)
        done = len(self.history)
        self.processes.require_equal(done, f"epochs in {checkpoint}")
        steps = len(self.batches)
        with tqdm(total=self.epochs * steps, initial=done * steps, desc=title, unit="batch",
                  mininterval=1) as bar:  # fmt: skip
            for epoch in range(done, self.epochs):
                loss = self.run_epoch(epoch, bar.update)
                record = {"loss": loss, "learning_rate": float(self.scheduler.get_last_lr()[0])}
                self.history.append(record)
                bar.set_postfix(epoch=epoch + 1, loss=f"{loss:.3f}", refresh=False)
                log(record)
                self._checkpoint(checkpoint, fingerprint)
        return (self.epochs - done) * steps * self.batches.size

    def _checkpoint(self, path: Path, fingerprint: str) -> None:
        if self.processes.rank > 0:
            return
        state = {name: getattr(self, name).state_dict() for name in STATEFUL}
        checkpoints.save(path, {"for": fingerprint, "history": self.history, **state})

    def _resume(self, path: Path, fingerprint: str) -> bool:
        state = checkpoints.read(path, self.device)
        if state is None or state.get("for") != fingerprint:
            return False
        begun = {name: copy.deepcopy(getattr(self, name).state_dict()) for name in STATEFUL}
        try:
            history = [{key: float(record[key]) for key in RECORDED} for record in state["history"]]
            if len(history) > self.epochs:
                return False
            for name in STATEFUL:
                getattr(self, name).load_state_dict(state[name])
        except Exception:  # forged: torch takes what it is given, and fails in many ways
            for name in STATEFUL:
                getattr(self, name).load_state_dict(begun[name])
            return False
        self.history = history
        return True


STATEFUL = ("encoder", "objective", "optimizer", "scheduler")
RECORDED = ("loss", "learning_rate")


def schedule(
    optimizer: torch.optim.Optimizer, settings: Train, epochs: int, steps_per_epoch: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Make the learning rate's schedule.

    - `one_cycle` (Smith & Topin, 2019) rises from 1/25 of the learning rate and falls to near zero,
      both along a cosine.
    - `cosine` rises from zero along a line and falls to zero along a cosine.
    - `step` starts at the learning rate and divides it by ten after every `step_epochs` epochs.

    Args:
        optimizer: whose learning rate is set.
        settings: kind of schedule, learning rate and warm-up.
        epochs: of the training.
        steps_per_epoch: batches in each epoch.

    Returns:
        A scheduler, to be advanced after every batch.
    """
    steps = max(1, epochs * steps_per_epoch)
    if settings.schedule == "step":
        return torch.optim.lr_scheduler.StepLR(
            optimizer, max(1, settings.step_epochs * steps_per_epoch), gamma=0.1
        )
    if settings.schedule == "one_cycle":
        rise = settings.warmup_fraction
        if rise * (steps + 1) == 1:
            rise = 0.0  # a rise within one step makes torch divide by zero
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=settings.learning_rate,
            total_steps=steps + 1,
            pct_start=rise,
            cycle_momentum=False,
        )
    warmup = max(1, round(settings.warmup_fraction * steps))

    def factor(step: int) -> float:
        rising = (step + 1) / warmup
        falling = 0.5 * (
            1 + math.cos(math.pi * min(1, max(0, step - warmup) / (steps - warmup + 1)))
        )
        return min(rising, falling)

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
