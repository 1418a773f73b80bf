"""The vision transformer is an encoder like any other; its package is optional."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from backfill.encoders.embedding import embed
from backfill.encoders.model import Encoder
from backfill.encoders.networks.vit import VisionTransformer
from backfill.errors import InputError
from backfill.params.networks import Vit

NETWORK = Vit(
    family="vit", image_size=8, patch=4, depth=2, width=12, heads=3, embedding_dim=5
)  # fmt: skip
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 3, 8, 8), dtype=np.uint8)


def encoder() -> Encoder:
    torch.manual_seed(0)
    made = Encoder(NETWORK, 3, [4, 7], 16.0)
    made.measure_pixels(torch.from_numpy(IMAGES))
    return made.place(torch.device("cpu"))


def test_depth_width_and_patches_are_those_asked_for() -> None:
    network = VisionTransformer(3, 8, 4, 2, 12, 3, 5)
    assert network(torch.randn(2, 3, 8, 8)).shape == (2, 5)
    sizes = {name: tuple(p.shape) for name, p in network.named_parameters()}
    projection = [shape for name, shape in sizes.items() if "patch_embeddings" in name]
    assert (12, 3, 4, 4) in projection
    positions = [shape for name, shape in sizes.items() if "position" in name]
    assert positions == [(1, 1 + 4, 12)]  # the class token and four patches
    one_layer = VisionTransformer(3, 8, 4, 1, 12, 3, 5)
    layer = 4 * (12 * 12 + 12) + 2 * 2 * 12 + (12 * 48 + 48) + (48 * 12 + 12)
    assert count(network) - count(one_layer) == layer


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_saving_and_loading_keeps_embeddings(tmp_path: Path) -> None:
    first = encoder()
    first.save(tmp_path / "weights.safetensors")
    second = Encoder.load(tmp_path / "weights.safetensors")
    before = embed(first, IMAGES, batch_size=4)
    assert before.shape == (6, 5)
    assert len({row.tobytes() for row in before}) == 6
    np.testing.assert_array_equal(embed(second, IMAGES, batch_size=4), before)


def test_the_seed_decides_its_first_weights_and_it_trains() -> None:
    first, second = encoder(), encoder()
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert first.classifier is not None
    targets = torch.tensor([0, 1, 0, 1, 0, 1])
    optimizer = torch.optim.Adam(first.parameters(), lr=0.01)
    losses = []
    for _ in range(30):
        scores = first.classifier(first(torch.from_numpy(IMAGES)))
        loss = torch.nn.functional.cross_entropy(scores, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_images_of_another_size_are_an_error() -> None:
    with pytest.raises(
        InputError, match=r"network\.image_size: expected images of 8 x 8, got 12 x 8"
    ):
        encoder()(torch.zeros(1, 3, 12, 8, dtype=torch.uint8))


def test_without_its_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    encoder().save(path)
    monkeypatch.setitem(sys.modules, "transformers", None)
    for make in (encoder, lambda: Encoder.load(path)):
        with pytest.raises(InputError, match=r"^network\.family: expected .*backfill\[vit\]"):
            make()


def test_residual_blocks_leave_the_number_of_tokens() -> None:
    images = torch.randn(2, 3, 16, 16)
    plain, hybrid = (
        VisionTransformer(3, 16, 4, 1, 16, 2, 5, stem=stem) for stem in ("linear", "residual")
    )
    assert plain(images).shape == hybrid(images).shape == (2, 5)
    positions = [
        [tuple(p.shape) for name, p in made.named_parameters() if "position" in name]
        for made in (plain, hybrid)
    ]
    assert positions[0] == positions[1] == [(1, 1 + 16, 16)]
    assert hybrid.stem(images).shape == (2, 8, 8, 8)
    assert not list(plain.stem.parameters())


def test_residual_blocks_need_patches_that_they_can_halve() -> None:
    settings = NETWORK.model_dump() | {"image_size": 9, "patch": 3, "stem": "residual"}
    with pytest.raises(ValidationError, match="patch: expected an even number with stem residual"):
        Vit.model_validate(settings)


def test_the_mean_of_the_patches_does_not_depend_on_where_they_are() -> None:
    torch.manual_seed(0)
    network = VisionTransformer(3, 8, 4, 1, 12, 3, 5, pooling="mean").eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "position" in name:
                parameter.zero_()
    images = torch.randn(2, 3, 8, 8)
    swapped = torch.cat([images[..., 4:], images[..., :4]], -1)
    torch.testing.assert_close(network(swapped), network(images))
    # It reads other tokens than the class token.
    by_class = VisionTransformer(3, 8, 4, 1, 12, 3, 5).eval()
    by_class.load_state_dict(network.state_dict())
    assert not torch.allclose(by_class(images), network(images))
