"""The loop that trains an encoder, in plain sight.

Everything random in epoch e comes from one generator seeded by (seed, e), and a checkpoint is
written after every epoch, so that a run that was killed goes on to the very same weights.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from backfill.artifacts import replacing
from backfill.encoders.data_parallel import ALONE, Ranks, Step, parallel
from backfill.encoders.objectives import Batch
from backfill.errors import InputError

if TYPE_CHECKING:
    from backfill.encoders.model import Encoder
    from backfill.encoders.objectives import Objective
    from backfill.params import Train

# Above this, images stay where they are (a memory map) and travel batch by batch.
RESIDENT_BYTES = 8 << 30


@dataclass
class Batches:
    """Random batches of a training set.

    Attributes:
        images: (N, C, H, W) uint8, an array or a memory map.
        targets: (N,) row of the classifier for each image.
        rows: the images that are trained on.
        size: images a batch; a last, smaller batch is left out.
    """

    images: np.ndarray[Any, Any]
    targets: Tensor
    rows: np.ndarray[Any, Any]
    size: int
    device: torch.device
    _resident: Tensor | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.size = min(self.size, len(self.rows))
        needed = len(self.rows) * self.images[0].nbytes
        if needed <= RESIDENT_BYTES:
            # In file order: a memory map is read once from front to back.
            self.rows = np.sort(self.rows)
            chosen = torch.from_numpy(np.ascontiguousarray(self.images[self.rows]))
            self._resident = chosen.to(self.device)

    def __len__(self) -> int:
        return len(self.rows) // self.size

    def epoch(self, generator: torch.Generator) -> Iterator[Batch]:
        """Yield batches in random order."""
        order = torch.randperm(len(self.rows), generator=generator)
        for start in range(0, len(self) * self.size, self.size):
            index = order[start : start + self.size]
            if self._resident is not None:
                rows = self.rows[index.numpy()]
                images = self._resident[index.to(self.device)]
            else:
                rows = np.sort(self.rows[index.numpy()])
                images = torch.from_numpy(self.images[rows]).to(self.device, non_blocking=True)
            places = torch.from_numpy(rows)
            yield Batch(images, self.targets[places].to(self.device), places)


@dataclass
class Trainer:
    """An encoder, its objective and optimiser on their way through the epochs.

    With several ranks, each has its own trainer, of the same seed and on the same data; the first
    one writes checkpoints, which all must be able to read.
    """

    encoder: Encoder
    objective: Objective
    batches: Batches
    settings: Train
    epochs: int
    seed: int
    device: torch.device
    ranks: Ranks = ALONE
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.batches.size % self.ranks.size:
            raise InputError(
                f"train.ranks: {self.ranks.size}, expected a divisor of the batch size, "
                f"{self.batches.size}"
            )
        self.encoder.place(self.device)
        self.objective.to(self.device)
        self.step = parallel(Step(self.encoder, self.objective, self.ranks), self.device)
        parameters = [*self.encoder.parameters(), *self.objective.parameters()]
        s = self.settings
        # Norms and biases are few and need no decay; decaying them costs accuracy.
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": s.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer: torch.optim.Optimizer
        if s.optimizer == "adam":
            self.optimizer = torch.optim.Adam(groups, lr=s.learning_rate)
        else:
            self.optimizer = torch.optim.SGD(
                groups, lr=s.learning_rate, momentum=s.momentum, nesterov=s.momentum > 0
            )
        self.scheduler = schedule(self.optimizer, s, self.epochs, len(self.batches))

    def run_epoch(self, epoch: int, after_step: Callable[[], object] = lambda: None) -> float:
        """Train on every image once; returns the mean loss."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        self.encoder.train()
        total = torch.zeros((), device=self.device)
        for batch in self.batches.epoch(generator):
            loss = self.step(batch, generator)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            total += loss.detach()
            after_step()
        return float(total) / len(self.batches)

    def run(self, checkpoint: Path, fingerprint: str, log: Callable[[dict[str, float]], object],
            title: str) -> int:  # fmt: skip
        """Train to the end, from `checkpoint` where it holds the state of this very run.

        Returns how many images were trained on now, each counted once an epoch.

        Args:
            checkpoint: written after each epoch.
            fingerprint: identifies data, settings and code; a checkpoint with another one is
                not used.
            log: called with each epoch's record, those of an interrupted run included.
            title: shown beside the progress bar.
        """
        if self._resume(checkpoint, fingerprint):
            for record in self.history:
                log(record)
        done = len(self.history)
        self.ranks.require_equal(done, f"epochs in {checkpoint}")
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
        if self.ranks.rank > 0:
            return
        state = {name: getattr(self, name).state_dict() for name in STATEFUL}
        with replacing(path) as temporary:
            torch.save({"for": fingerprint, "history": self.history, **state}, temporary)

    def _resume(self, path: Path, fingerprint: str) -> bool:
        try:
            # weights_only: tensors and plain containers, no code.
            state = torch.load(path, map_location=self.device, weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
            return False
        if state.get("for") != fingerprint:
            return False
        for name in STATEFUL:
            getattr(self, name).load_state_dict(state[name])
        self.history = state["history"]
        return True


STATEFUL = ("encoder", "objective", "optimizer", "scheduler")


def schedule(
    optimizer: torch.optim.Optimizer, settings: Train, epochs: int, steps_per_epoch: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Learning rate step by step: up to `learning_rate`, then down.

    `one_cycle` (Smith & Topin, 2019) begins at 1/25 and ends near zero along a cosine; `cosine`
    rises linearly from zero and falls to zero; `step` starts at once and divides by ten after
    every `step_epochs` epochs.
    """
    steps = max(1, epochs * steps_per_epoch)
    if settings.schedule == "step":
        return torch.optim.lr_scheduler.StepLR(
            optimizer, max(1, settings.step_epochs * steps_per_epoch), gamma=0.1
        )
    if settings.schedule == "one_cycle":
        rise = settings.warmup_fraction
        if rise * (steps + 1) == 1:
            rise = 0.0  # it would end on the step that it begins on, which torch divides by
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
