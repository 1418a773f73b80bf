"""The whitened network: what its first layer is computed from, its shape, its stored form."""

from pathlib import Path

import numpy as np
import pytest
import torch

from backfill.encoders.embedding import embed
from backfill.encoders.model import Encoder
from backfill.encoders.networks.whitened import Whitened as Network
from backfill.encoders.networks.whitened import Whitening
from backfill.errors import InputError
from backfill.params.networks import Whitened

NETWORK = Whitened(family="whitened", blocks=[2, 1], width=4, embedding_dim=5)


def smooth_images(count: int = 20) -> torch.Tensor:
    """Images whose neighbouring pixels and channels are alike."""
    noise = torch.rand((count, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    mixed = noise + noise.roll(1, 3) + noise.roll(1, 2) + 2 * noise[:, :1]
    return (255 * mixed / mixed.max()).byte()


def encoder() -> Encoder:
    torch.manual_seed(0)
    made = Encoder(NETWORK, 3, [4, 7], 16.0)
    made.measure_pixels(smooth_images())
    return made


def test_what_the_first_layer_gives_is_uncorrelated_and_of_unit_variance() -> None:
    layer = Whitening(3, 2)
    images = smooth_images(100).float()
    images = (images - images.mean()) / images.std()
    layer.measure(images)
    found = layer(images).permute(1, 0, 2, 3).flatten(1)
    correlations = torch.cov(found[:12])
    torch.testing.assert_close(correlations, torch.eye(12), atol=0.03, rtol=0)
    torch.testing.assert_close(found[12:], -found[:12])
    unmeasured = torch.cov(Whitening(3, 2)(images).permute(1, 0, 2, 3).flatten(1)[:12])
    assert (unmeasured - torch.eye(12)).abs().max() > 0.3


def test_an_encoder_computes_it_from_its_training_images_and_does_not_train_it() -> None:
    first, second = encoder(), encoder()
    filters = first.network.state_dict()["whitening.weight"]
    assert filters.shape == (24, 3, 2, 2)
    assert torch.equal(filters, second.network.state_dict()["whitening.weight"])
    fresh = Encoder(NETWORK, 3, [4, 7], 16.0)
    assert not torch.equal(filters, fresh.network.state_dict()["whitening.weight"])
    assert "network.whitening.weight" not in dict(first.named_parameters())


def test_width_and_blocks_are_those_asked_for() -> None:
    network = Network(3, [2, 1, 3], 4, 5)
    shapes = [p.shape for p in network.parameters() if p.ndim == 4]
    assert shapes == [
        (4, 24, 3, 3), (4, 4, 3, 3),
        (16, 4, 3, 3),
        (16, 16, 3, 3), (16, 16, 3, 3), (16, 16, 3, 3),
    ]  # fmt: skip
    assert network(torch.randn(2, 3, 9, 13)).shape == (2, 5)
    assert Network(1, [1], 4, 5, patch=3)(torch.randn(2, 1, 8, 8)).shape == (2, 5)


def test_saving_and_loading_keeps_embeddings(tmp_path: Path) -> None:
    first = encoder().place(torch.device("cpu"))
    first.save(tmp_path / "weights.safetensors")
    second = Encoder.load(tmp_path / "weights.safetensors")
    images = smooth_images().numpy()
    before = embed(first, images, batch_size=7)
    assert before.shape == (20, 5)
    np.testing.assert_array_equal(embed(second, images, batch_size=7), before)


def test_images_too_small_for_its_stages_are_an_error() -> None:
    assert Network(3, [1, 1, 1], 4, 5)(torch.randn(2, 3, 9, 9)).shape == (2, 5)
    for size in (8, 4):
        with pytest.raises(InputError, match=r"^network\.blocks: .* at least 9 pixels .* got \d"):
            Network(3, [1, 1, 1], 4, 5)(torch.randn(1, 3, size, size))
