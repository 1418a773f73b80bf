"""FCT's released network: its sizes, and what it reads."""

import pytest
import torch

from backfill.transforms.projections import Projections


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
