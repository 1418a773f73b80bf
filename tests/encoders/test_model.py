"""Encoders of any depth and width; their files; augmentations."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from backfill.encoders.augment import distort, shift_and_flip
from backfill.encoders.embedding import embed
from backfill.encoders.model import Encoder
from backfill.encoders.networks.resnet import ResNet
from backfill.errors import InputError
from backfill.params import networks

TINY = networks.ResNet(family="resnet", blocks=[1, 1], width=4, embedding_dim=6)


def encoder(classes: int = 3) -> Encoder:
    torch.manual_seed(0)
    return Encoder(TINY, 3, list(range(10, 10 + classes)), 16.0)


def test_resnet_18_is_the_published_one() -> None:
    network = ResNet(3, [2, 2, 2, 2], 64, 100)
    # He et al.'s ResNet-18 with the CIFAR stem and 100 outputs has 11.22 million parameters.
    assert sum(p.numel() for p in network.parameters()) == 11_220_132
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len([c for c in convolutions if c.kernel_size == (3, 3)]) == 17


@pytest.mark.parametrize(("blocks", "width", "side"), [([1], 4, 8), ([3, 4, 6, 3], 8, 32)])
def test_any_depth_and_width_and_image_size(blocks: list[int], width: int, side: int) -> None:
    network = ResNet(1, blocks, width, 5).eval()
    assert network(torch.randn(2, 1, side, side)).shape == (2, 5)


def test_saving_and_loading_keeps_embeddings_and_classifier(tmp_path: Path) -> None:
    first = encoder()
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 8, 8), dtype=np.uint8)
    first.measure_pixels(torch.from_numpy(images))
    path = tmp_path / "weights.safetensors"
    first.place(torch.device("cpu")).save(path)
    second = Encoder.load(path)
    assert second.classes == [10, 11, 12]
    assert second.settings == first.settings
    with safe_open(path, framework="pt") as file:
        assert json.loads(file.metadata()["encoder"])["network"] == {
            "family": "resnet", "blocks": [1, 1], "width": 4, "embedding_dim": 6, "stem": "small"
        }  # fmt: skip
    assert "classifier.weight" in load_file(path)
    before = embed(first, images, batch_size=7)
    np.testing.assert_array_equal(embed(second, images, batch_size=7), before)
    np.testing.assert_allclose(np.linalg.norm(before, axis=1), 1, atol=1e-5)


def test_the_large_stem_quarters_the_resolution() -> None:
    network = ResNet(3, [2, 2, 2, 2], 64, 1000, stem="large").eval()
    # He et al.'s ResNet-18 for ImageNet has 11.69 million parameters.
    assert sum(p.numel() for p in network.parameters()) == 11_689_512
    images = torch.randn(1, 3, 64, 64)
    assert network.stem(images).shape == (1, 64, 16, 16)
    assert network(images).shape == (1, 1000)
    assert ResNet(3, [1], 4, 5).stem(images).shape == (1, 4, 64, 64)


@pytest.mark.parametrize(
    "damage", ["truncated", "empty", "text", "other", "family", "absent", "pickle"]
)
def test_a_file_that_is_not_an_encoder_is_one_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "weights.safetensors"
    encoder().save(path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-10])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("not weights at all")
    elif damage == "other":
        save_file({"x": torch.zeros(1)}, path)
    elif damage == "family":
        settings = {"network": {"family": "unknown"}, "channels": 3, "classes": [], "scale": 1.0}
        save_file({"x": torch.zeros(1)}, path, metadata={"encoder": json.dumps(settings)})
    elif damage == "pickle":
        torch.save({"x": torch.zeros(1)}, path)
    else:
        path.unlink()
    what = "an encoder, got no such file" if damage == "absent" else "a readable encoder, got"
    message = rf"weights\.safetensors: expected {what}"
    with pytest.raises(InputError, match=message):
        Encoder.load(path)


def test_shifts_are_reflected_crops_of_each_image() -> None:
    image = torch.arange(25, dtype=torch.uint8).reshape(1, 1, 5, 5)
    padded = np.pad(image[0, 0].numpy(), 2, mode="reflect")
    crops = [padded[r : r + 5, c : c + 5] for r in range(5) for c in range(5)]
    allowed = {crop.tobytes() for crop in crops} | {crop[:, ::-1].tobytes() for crop in crops}
    many = shift_and_flip(
        image.expand(400, 1, 5, 5), torch.Generator().manual_seed(0), padding=2, flip=True
    )
    seen = {crop.numpy().tobytes() for crop in many[:, 0]}
    assert seen == allowed  # all of them turn up, and nothing else


def test_without_padding_or_flip_images_stay_as_they_are() -> None:
    images = torch.randint(0, 256, (4, 3, 6, 6), dtype=torch.uint8)
    same = shift_and_flip(images, torch.Generator(), padding=0, flip=False)
    torch.testing.assert_close(same, images)


def test_distortions_differ_by_image_and_follow_the_generator() -> None:
    images = torch.randint(0, 256, (1, 3, 8, 8), dtype=torch.uint8).expand(6, 3, 8, 8)
    first = distort(images, torch.Generator().manual_seed(0), flip=True)
    again = distort(images, torch.Generator().manual_seed(0), flip=True)
    assert first.dtype == torch.uint8
    torch.testing.assert_close(first, again)
    assert len({image.numpy().tobytes() for image in first}) == 6


def test_an_encoder_starts_from_anothers_network_and_pixels_and_keeps_its_classifier() -> None:
    network = networks.ResNet(family="resnet", blocks=[1], width=4, embedding_dim=6)
    torch.manual_seed(0)
    other, own = Encoder(network, 1, [5, 8], 12.0), Encoder(network, 1, [5, 8, 9], 12.0)
    images = torch.randint(0, 90, (3, 1, 8, 8), dtype=torch.uint8)
    other.measure_pixels(images)
    assert own.classifier is not None
    before = own.classifier.weight.clone()
    own.start_from(other)
    torch.testing.assert_close(own.eval()(images), other.eval()(images))
    torch.testing.assert_close(own.classifier.weight, before)
    # Training one does not change the other.
    with torch.no_grad():
        for parameter in own.network.parameters():
            parameter.add_(1)
    assert not torch.allclose(own(images), other(images))
    wider = Encoder(network.model_copy(update={"width": 8}), 1, [5], 12.0)
    with pytest.raises(InputError, match="starts_from: expected an encoder with the network"):
        wider.start_from(other)
