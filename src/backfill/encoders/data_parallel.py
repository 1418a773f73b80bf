"""One encoder trained by several processes, each embedding a share of every batch.

Contrastive losses need the whole batch: its other items are the negatives. So embeddings are
gathered from all ranks, with their gradients, and every rank computes the loss of the joined
batch. Each rank's share then receives its gradient once from every rank, and the mean over the
ranks that DistributedDataParallel takes is the gradient of that loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather
from torch.nn.parallel import DistributedDataParallel

from backfill.device import has_fast_bfloat16
from backfill.errors import InputError

if TYPE_CHECKING:
    from backfill.compute import Peer
    from backfill.encoders.model import Encoder
    from backfill.encoders.objectives import Batch, Objective


@dataclass(frozen=True)
class Ranks:
    """This process's place among those that train together; the default is alone."""

    rank: int = 0
    size: int = 1

    def own(self, rows: Tensor) -> Tensor:
        """This rank's share of (n, ...) rows, n a multiple of the number of ranks."""
        return rows.chunk(self.size)[self.rank]

    def gather(self, rows: Tensor) -> Tensor:
        """All ranks' equally many rows, in the order of the ranks; gradients flow back to each."""
        return rows if self.size == 1 else torch.cat(all_gather(rows))  # type: ignore[no-untyped-call]

    def require_equal(self, value: int, what: str) -> None:
        """Raise InputError unless all ranks see the same."""
        if self.size > 1:
            seen: list[int | None] = [None] * self.size
            dist.all_gather_object(seen, value)
            if len(set(seen)) > 1:
                raise InputError(
                    f"train.ranks: expected all to find the same {what}, got {seen}; all machines "
                    "need the same file system, code and kind of device"
                )


ALONE = Ranks()


@contextmanager
def joined(peer: Peer, device: torch.device) -> Iterator[Ranks]:
    """Meet the other ranks, if there are any, until the block ends.

    What is :func:`parallel` must be gone by then: it would wait for the others for ever.
    """
    if peer.size == 1:
        yield ALONE
        return
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, peer.address, rank=peer.rank, world_size=peer.size)
    try:
        yield Ranks(peer.rank, peer.size)
        dist.barrier()  # who leaves early is missed by those that still work
    finally:
        dist.destroy_process_group()


class Step(nn.Module):
    """The loss of one batch from its images; a module, so that gradients can be shared."""

    def __init__(self, encoder: Encoder, objective: Objective, ranks: Ranks) -> None:
        super().__init__()
        self.encoder = encoder
        self.objective = objective
        self.ranks = ranks

    def forward(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Scalar loss of the whole batch, the same on all ranks; only the own share is embedded."""
        views = self.ranks.own(self.objective.views(batch.images, generator))
        bfloat16 = has_fast_bfloat16(views.device)
        with torch.autocast(views.device.type, torch.bfloat16, enabled=bfloat16):
            embeddings = self.encoder(views)
        loss: Tensor = self.objective(self.encoder, self.ranks.gather(embeddings), batch, generator)
        return loss


def parallel(step: Step, device: torch.device) -> nn.Module:
    """A step whose gradients are the means over the ranks; the step itself where there is one.

    On GPUs, batch normalisation takes its statistics from all ranks; torch has that for no CPU, on
    which each rank takes its own.
    """
    if step.ranks.size == 1:
        return step
    if device.type == "cuda":
        step = nn.SyncBatchNorm.convert_sync_batchnorm(step)  # type: ignore[no-untyped-call]
    return DistributedDataParallel(step)
