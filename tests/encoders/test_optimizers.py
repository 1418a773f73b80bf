"""Muon trains filters and matrices in place, and goes on where it was."""

from typing import Any

import torch
from torch import Tensor, nn

from backfill.encoders import optimizers
from backfill.encoders.model import Encoder
from backfill.encoders.optimizers import Muon, as_matrix
from backfill.params.networks import ResNet
from backfill.params.settings import Augment, Train

NETWORK = ResNet(family="resnet", blocks=[1, 1], width=4, embedding_dim=6)
SETTINGS = Train(
    network=NETWORK, epochs=1, batch_size=8, optimizer="muon", learning_rate=0.1, momentum=0.9,
    weight_decay=0.0, schedule="cosine", warmup_fraction=0.0, classifier_scale=16.0,
    augment=Augment(crop_padding=0, flip=False),
)  # fmt: skip
IMAGES = torch.randint(
    0, 256, (8, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def made() -> tuple[Encoder, Muon]:
    torch.manual_seed(0)
    encoder = Encoder(NETWORK, 3, [0, 1], 16.0).place(torch.device("cpu"))
    optimizer = optimizers.build(SETTINGS, encoder, nn.Linear(6, 6))
    assert isinstance(optimizer, Muon)
    return encoder, optimizer


def step(encoder: Encoder, optimizer: Muon) -> None:
    assert encoder.classifier is not None
    loss = nn.functional.cross_entropy(
        encoder.classifier(encoder(IMAGES)), torch.tensor([0, 1] * 4)
    )
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def weights(encoder: Encoder) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in encoder.named_parameters()}


def test_a_step_changes_a_filter_bank_by_a_matrix_of_nearly_equal_singular_values() -> None:
    encoder, optimizer = made()
    before = weights(encoder)
    step(encoder, optimizer)
    change = {name: p - before[name] for name, p in weights(encoder).items()}
    assert all(values.abs().max() > 0 for values in change.values())
    for name in ("network.groups.0.conv2.weight", "network.groups.1.conv2.weight"):
        values = torch.linalg.svdvals(as_matrix(change[name]).double())
        assert values.max() < 1.6 * 0.1
        assert values.min() > 0.3 * 0.1
    assert encoder.classifier is not None
    gradient = encoder.classifier.weight.grad
    assert gradient is not None
    torch.testing.assert_close(change["classifier.weight"], -0.1 * 1.9 * gradient)


def test_every_parameter_is_trained_once_and_gradients_are_forgotten() -> None:
    encoder, optimizer = made()
    filters = [p for p in encoder.network.parameters() if p.ndim > 1]
    assert [id(p) for p in optimizer.matrices] == [id(p) for p in filters]
    sizes = sorted(p.numel() for group in optimizer.param_groups for p in group["params"])
    assert sizes == sorted(
        p.numel() for p in [*encoder.parameters(), *nn.Linear(6, 6).parameters()]
    )
    step(encoder, optimizer)
    optimizer.zero_grad()
    assert all(p.grad is None for p in encoder.parameters())


def test_a_scheduler_reaches_both_parts_also_after_loading() -> None:
    encoder, optimizer = made()
    step(encoder, optimizer)
    state: dict[str, Any] = optimizer.state_dict()
    optimizer.load_state_dict(state)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0)
    assert all(g["lr"] == 0 for part in optimizer.parts for g in part.param_groups)
    before = weights(encoder)
    step(encoder, optimizer)
    scheduler.step()
    for name, values in weights(encoder).items():
        assert torch.equal(values, before[name]), name


def test_its_state_decides_the_next_step() -> None:
    straight, first = made()
    step(straight, first)
    step(straight, first)
    resumed, before = made()
    step(resumed, before)
    again, after = made()
    again.load_state_dict(resumed.state_dict())
    after.load_state_dict(before.state_dict())
    step(again, after)
    for name, values in weights(straight).items():
        assert torch.equal(values, weights(again)[name]), name
