"""Two processes that share a batch have the loss and the gradients of one that has all of it."""

import multiprocessing
import socket
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from torch import nn

from backfill.compute import Peer
from backfill.encoders import objectives
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.data_parallel import BatchLoss, Processes, joined, parallel
from backfill.encoders.model import Encoder
from backfill.encoders.objectives import OBJECTIVES
from backfill.encoders.teacher import Teacher
from backfill.encoders.training import Batches, Trainer
from backfill.errors import InputError
from backfill.params.networks import ResNet, Whitened
from backfill.params.rows.encoders import Encoder as Row
from backfill.params.rows.encoders import SelfSupervised
from backfill.params.settings import Augment, Train

CPU = torch.device("cpu")
ITEMS, CLASSES, DIMENSIONS = 12, 4, 5
LOSSES = tuple(OBJECTIVES)
NETWORK = ResNet(family="resnet", blocks=[1], width=4, embedding_dim=DIMENSIONS)


class Loss(NamedTuple):
    """The loss of one batch, with the gradients of all parameters of encoder and objective."""

    value: float
    gradients: list[np.ndarray[Any, Any]]


def row_of(loss: str) -> Row:
    settings = {"loss": loss, "trains_on": "s/new", "seeds": [0]}
    if loss not in ("classification", "nt_xent"):
        settings["teacher"] = "old"
    made: Row = TypeAdapter(Row).validate_python(settings)
    return made


def steps(peer: Peer) -> list[Loss]:
    """Take one step with each loss, as one of the processes that train together."""
    with joined(peer, CPU) as processes:
        return [step(loss, processes) for loss in LOSSES]


def step(loss: str, processes: Processes) -> Loss:
    """Take one step; batch, encoder and objective are the same in every process."""
    row = row_of(loss)
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    classes = [] if isinstance(row, SelfSupervised) else list(range(CLASSES))
    encoder = Encoder(NETWORK, 1, classes, 16.0)
    # In double precision and without batch normalisation, whose statistics differ between
    # processes: only the gathering can make a difference.
    encoder.network = nn.Sequential(nn.Flatten(), nn.Linear(64, DIMENSIONS)).double()
    encoder.mean, encoder.std = encoder.mean.double(), encoder.std.double()
    labels = np.arange(ITEMS) % CLASSES
    views = torch.randn(2, ITEMS, DIMENSIONS, generator=generator).numpy()
    weight = torch.randn(CLASSES, DIMENSIONS, generator=generator).numpy()
    teacher = Teacher(views, StoredClassifier(weight, list(range(CLASSES)), 16.0))
    objective = objectives.build(
        row, Augment(crop_padding=1, flip=False), DIMENSIONS, classes, labels, np.arange(ITEMS),
        lambda name: teacher,
    )  # fmt: skip
    images = torch.randint(0, 256, (ITEMS, 1, 8, 8), generator=generator, dtype=torch.uint8)
    batch = objectives.Batch(images, torch.from_numpy(labels), torch.arange(ITEMS))
    module = parallel(BatchLoss(encoder, objective, processes), CPU)
    value = module(batch, generator)
    value.backward()
    parameters = [*encoder.network.parameters(), *objective.parameters()]
    return Loss(value.item(), [p.grad.numpy() for p in parameters])


def trained(peer: Peer) -> dict[str, np.ndarray[Any, Any]]:
    """Train a whitened network with Muon for an epoch; the first process has other weights."""
    network = Whitened(family="whitened", blocks=[1, 1], width=4, embedding_dim=DIMENSIONS)
    settings = Train(
        network=network, epochs=1, batch_size=8, optimizer="muon", learning_rate=0.1,
        momentum=0.9, weight_decay=0.05, schedule="one_cycle", warmup_fraction=0.25,
        classifier_scale=8.0, augment=Augment(crop_padding=1, flip=True, alternating=True),
    )  # fmt: skip
    with joined(peer, CPU) as processes:
        torch.manual_seed(peer.rank)
        images = np.random.default_rng(0).integers(0, 256, (24, 3, 8, 8), dtype=np.uint8)
        labels, rows = np.arange(24) % CLASSES, np.arange(24)
        encoder = Encoder(network, 3, list(range(CLASSES)), 8.0)
        encoder.measure_pixels(torch.from_numpy(images[peer.rank :]))
        objective = objectives.build(
            row_of("classification"), settings.augment, DIMENSIONS, encoder.classes, labels, rows,
            lambda name: Teacher(np.zeros(0), StoredClassifier(np.zeros(0), [], 1.0)),
        )  # fmt: skip
        batches = Batches(images, torch.from_numpy(labels), rows, 8, CPU, alternating=0)
        trainer = Trainer(encoder, objective, batches, settings, 1, 0, CPU, processes)
        trainer.run_epoch(0)
        del trainer
    found = dict(encoder.named_parameters())
    found["whitening"] = encoder.network.get_buffer("whitening.weight")
    return {name: values.detach().numpy() for name, values in found.items()}


def disagree(peer: Peer) -> str:
    """Show the processes different numbers."""
    with joined(peer, CPU) as processes:
        try:
            processes.require_equal(peer.rank, "epochs")
        except InputError as error:
            return str(error)
    return ""


@pytest.fixture(scope="module")
def two() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


def peers() -> list[Peer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    return [Peer(rank, 2, address) for rank in range(2)]


@pytest.fixture(scope="module")
def by_two(two: ProcessPoolExecutor) -> list[dict[str, Loss]]:
    return [dict(zip(LOSSES, found, strict=True)) for found in two.map(steps, peers())]


@pytest.mark.parametrize("loss", LOSSES)
def test_two_processes_have_the_loss_of_the_whole_batch(
    by_two: list[dict[str, Loss]], loss: str
) -> None:
    alone = step(loss, Processes())
    assert any(np.abs(gradient).max() > 1e-4 for gradient in alone.gradients)
    for both in (found[loss] for found in by_two):
        assert both.value == pytest.approx(alone.value, rel=1e-6)
        for found, expected in zip(both.gradients, alone.gradients, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_two_processes_train_one_network_with_muon(two: ProcessPoolExecutor) -> None:
    first, second = two.map(trained, peers())
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


def test_processes_that_see_different_things_say_so(two: ProcessPoolExecutor) -> None:
    for message in two.map(disagree, peers()):
        assert message.startswith(
            "train.processes: expected all to find the same epochs, got [0, 1]; all machines"
        )
