"""One encoder trained by several processes, each of which embeds a chunk of every batch.

Contrastive losses need the whole batch, as its other items are the negatives. So each process
gathers the embeddings of all chunks, with gradients, and computes the loss of the whole batch. A
chunk then receives its gradient once from every process, and the mean over the processes, which
DistributedDataParallel takes, is the gradient of that loss.
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
class Processes:
    """The processes that train one encoder together; by default this one alone.

    Attributes:
        rank: number of this process, from 0.
        size: number of processes.
    """

    rank: int = 0
    size: int = 1

    def own(self, rows: Tensor) -> Tensor:
        """This process's chunk of (n, ...) rows; n is a multiple of `size`."""
        return rows.chunk(self.size)[self.rank]

    def gather(self, rows: Tensor) -> Tensor:
        """Join the chunks of all processes; gradients flow back to each of them."""
        return rows if self.size == 1 else torch.cat(all_gather(rows))  # type: ignore[no-untyped-call]

    def require_equal(self, value: int, what: str) -> None:
        """Check that all processes see the same.

        Args:
            value: what this process sees.
            what: its name in the message.

        Raises:
            InputError: another process sees something else.
        """
        if self.size > 1:
            seen: list[int | None] = [None] * self.size
            dist.all_gather_object(seen, value)
            if len(set(seen)) > 1:
                raise InputError(
                    f"train.processes: expected all to find the same {what}, got {seen}; all "
                    "machines need the same file system, code and kind of device"
                )


ALONE = Processes()


@contextmanager
def joined(peer: Peer, device: torch.device) -> Iterator[Processes]:
    """Connect this process with the others, if there are any, until the block ends.

    What :func:`parallel` returned must be gone when the block ends; otherwise it waits for the
    others forever.

    Args:
        peer: this process, and where the processes meet.
        device: that this process computes on.

    Yields:
        The processes, each with the same `size` and its own `rank`.
    """
    if peer.size == 1:
        yield ALONE
        return
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, peer.address, rank=peer.rank, world_size=peer.size)
    try:
        yield Processes(peer.rank, peer.size)
        dist.barrier()  # a process that left early would break those that still work
    finally:
        dist.destroy_process_group()


class BatchLoss(nn.Module):
    """The loss of one batch, as a module, which DistributedDataParallel asks for.

    Args:
        encoder: in training.
        objective: of the training.
        processes: that share each batch.
    """

    def __init__(self, encoder: Encoder, objective: Objective, processes: Processes) -> None:
        super().__init__()
        self.encoder = encoder
        self.objective = objective
        self.processes = processes

    def forward(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Embed this process's chunk; return the loss of the whole batch, a scalar."""
        views = self.processes.own(self.objective.views(batch.images, generator))
        bfloat16 = has_fast_bfloat16(views.device)
        with torch.autocast(views.device.type, torch.bfloat16, enabled=bfloat16):
            embeddings = self.encoder(views)
        loss: Tensor = self.objective(
            self.encoder, self.processes.gather(embeddings), batch, generator
        )
        return loss


def parallel(loss: BatchLoss, device: torch.device) -> nn.Module:
    """Average gradients over the processes that share a batch.

    On GPUs, batch normalisation takes its statistics from all processes. Torch cannot do that on
    CPUs, where each process takes its own.

    Args:
        loss: of the whole batch.
        device: that this process computes on.

    Returns:
        A module that is called like `loss`; `loss` itself for one process alone. Keep it until
        the backward pass is over.
    """
    if loss.processes.size == 1:
        return loss
    if device.type == "cuda":
        loss = nn.SyncBatchNorm.convert_sync_batchnorm(loss)  # type: ignore[no-untyped-call]
    return DistributedDataParallel(loss)
