"""FCT's released network: its sizes, and what it reads."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from backfill import transforms
from backfill.params.rows.transforms import Transform
from backfill.params.settings import TransformTraining
from backfill.transforms.projections import Projections
from backfill.transforms.training import _schedule


def test_it_has_the_layers_of_the_released_configuration() -> None:
    network = Projections([128, 128], 128, 2048)
    projection = 128 * 256 + 2 * 256 + 256 * 256 + 2 * 256
    mixer = 512 * 2048 + 2 * 2048 + 2048 * 2048 + 2 * 2048 + 2048 * 128 + 128
    assert sum(p.numel() for p in network.parameters()) == 2 * projection + mixer


@pytest.mark.parametrize("inputs", [[6], [6, 3], [2, 2, 2]])
def test_each_input_has_a_projection_and_one_alone_has_two(inputs: list[int]) -> None:
    torch.manual_seed(0)
    network = Projections(inputs, 4, 16).eval()
    assert len(network.projections) == max(2, len(inputs))
    x = torch.randn(5, sum(inputs))
    out = network(x)
    assert out.shape == (5, 4)
    # By hand: each part through its own projection, side by side through the mixer.
    parts, start = [], 0
    for size in inputs:
        parts.append(x[:, start : start + size])
        start += size
    parts = parts * 2 if len(parts) == 1 else parts
    mixed = torch.cat([p(v) for p, v in zip(network.projections, parts, strict=True)], 1)
    torch.testing.assert_close(out, network.mixer(mixed))
    # The two projections of one input differ.
    if len(inputs) == 1:
        first, second = (p(x) for p in network.projections)
        assert not torch.allclose(first, second)


def test_statistics_settle() -> None:
    rng = np.random.default_rng(0)
    old, new = (rng.normal(size=(1, 64, 6)).astype(np.float32) for _ in range(2))
    views = {"old": old, "new": new}
    row: Transform = TypeAdapter(Transform).validate_python(
        {"old": "old", "new": "new", "trains_on": "s/new", "modules": {"h": ["old"]},
         "loss": "alignment", "before": "new -> h"}
    )  # fmt: skip
    shared = TransformTraining(
        form="projections", depth=2, width=16, steps=12, batch_size=32, learning_rate=0.01,
        weight_decay=0.0, temperature=0.1, mining=False, views="same",
    )  # fmt: skip

    def trained(**changes: float) -> Projections:
        settings = shared.model_copy(update=changes)
        model = transforms.train(
            row, settings, views, np.arange(64) % 4, seed=0, device=torch.device("cpu")
        )
        (network,) = model.networks.values()
        assert isinstance(network, Projections)
        return network

    def seen(network: Projections) -> int:
        """Batches whose statistics a layer has taken in."""
        return int(network.mixer[1].num_batches_tracked)  # type: ignore[operator]

    plain, settled = trained(), trained(settled_fraction=0.5)
    assert (seen(plain), seen(settled)) == (12, 6)
    assert not torch.equal(plain.mixer[0].weight, settled.mixer[0].weight)


def test_the_learning_rate_rises_along_a_line_and_falls_along_a_cosine() -> None:
    def rates(warmup_fraction: float) -> list[float]:
        settings = SimpleNamespace(warmup_fraction=warmup_fraction, steps=16)
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        scheduler = _schedule(optimizer, settings)  # type: ignore[arg-type]
        found = []
        for _ in range(16):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return found

    def cosine(step: int, steps: int) -> float:
        return 0.25 * (1 + math.cos(math.pi * step / steps))

    assert rates(0.0) == pytest.approx([cosine(step, 16) for step in range(16)])
    rising = [0.5 * (0.25 + 0.75 * step / 4) for step in range(4)]
    assert rates(0.25) == pytest.approx(rising + [cosine(step, 12) for step in range(12)])
