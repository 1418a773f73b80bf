"""Files of weights: encoders, maps, checkpoints."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from backfill import align
from backfill.encoders.model import Encoder
from backfill.params.networks import Network
from fuzz.formats import safetensors_with
from fuzz.registry import Change, cases, content, reader

_SMALL = {"family": "resnet", "blocks": [1], "width": 4, "embedding_dim": 4}


def made(folder: Path) -> None:
    """A small encoder."""
    torch.manual_seed(0)
    Encoder(TypeAdapter(Network).validate_python(_SMALL), 1, [0, 1, 3], 16.0).save(
        folder / "weights.safetensors"
    )


@reader("encoder", made, share=1.5)
def read_encoder(folder: Path) -> object:
    """An encoder that embeds two images."""
    found = Encoder.load(folder / "weights.safetensors")
    channels = found.settings["channels"]
    with torch.inference_mode():
        embedded = found(torch.zeros((2, channels, 8, 8), dtype=torch.uint8))
    stored = found.stored_classifier()
    assert len(embedded) == 2
    assert stored is None or len(stored.classes) == len(stored.weight)
    return embedded


def with_settings(**changes: Any) -> Change:
    """The change of an encoder's settings; of the network's under `network`."""

    def change(folder: Path) -> None:
        path = folder / "weights.safetensors"
        data = path.read_bytes()
        (size,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + size])
        settings = json.loads(header["__metadata__"]["encoder"])
        settings["network"] |= changes.pop("network", {})
        header["__metadata__"]["encoder"] = json.dumps(settings | changes)
        path.write_bytes(safetensors_with(header, data[8 + size :]))

    return change


def of_files(path: str) -> dict[str, Change]:
    """Hostile files of safetensors."""
    one = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    headers: dict[str, Any] = {
        "no tensors": {},
        "other tensors": {"a": one},
        "metadata of numbers": {"__metadata__": {"kind": 1}, "a": one},
        "metadata of brackets": {"__metadata__": {"kind": "ridge", "encoder": "[" * 100_000}, "a": one},
        "metadata of an empty object": {"__metadata__": {"kind": "affine", "encoder": "{}"}, "a": one},
        "metadata of a list": {"__metadata__": {"kind": "x", "encoder": "[]"}, "a": one},
        "a huge shape": {"a": one | {"shape": [2**62]}},
        "an overflowing shape": {"a": one | {"shape": [2**33, 2**33]}},
        "offsets backwards": {"a": one | {"data_offsets": [4, 0]}},
        "offsets beyond": {"a": one | {"data_offsets": [0, 2**40]}},
        "tensors that overlap": {"a": one, "b": one},
        "a strange type": {"a": one | {"dtype": "F8_E4M3", "shape": [4]}},
        "BF16": {"a": one | {"dtype": "BF16", "shape": [2]}},
        "100,000 tensors": {f"t{k}": one | {"shape": [0], "data_offsets": [0, 0]} for k in range(100_000)},
        "rows of no column": {"weight": one | {"shape": [10**9, 0], "data_offsets": [0, 0]}},
    }  # fmt: skip
    found = {
        name: content(path, safetensors_with(header, bytes(4))) for name, header in headers.items()
    }
    return found | {
        "nothing": content(path, b""),
        "a header of 2**63": content(path, struct.pack("<Q", 2**63) + b"{}"),
        "a header of 1 GB": content(path, struct.pack("<Q", 1 << 30) + b"{}"),
        "a header of brackets": content(path, struct.pack("<Q", 100_000) + b"[" * 100_000),
        "a header that is not UTF-8": content(path, struct.pack("<Q", 4) + b'{"\xff"'),
        "a pickle": content(path, b"cos\nsystem\n(S'touch PWNED'\ntR."),
    }


cases("encoder", of_files("weights.safetensors"))
cases(
    "encoder",
    {
        "a network of another kind": with_settings(network={"family": "vit"}),
        "an unknown network": with_settings(network={"family": "x"}),
        "a width of 10**9": with_settings(network={"width": 10**9}),
        "a width of 100,000": with_settings(network={"width": 100_000}),
        "10**9 dimensions": with_settings(network={"embedding_dim": 10**9}),
        "10**9 blocks": with_settings(network={"blocks": [10**9]}),
        "10,000 blocks": with_settings(network={"blocks": [10_000]}),
        "40 stages": with_settings(network={"blocks": [1] * 40}),
        "10**9 channels": with_settings(channels=10**9),
        "0 channels": with_settings(channels=0),
        "-1 channels": with_settings(channels=-1),
        "channels of text": with_settings(channels="3"),
        "2.0 channels": with_settings(channels=1.0),
        "a million classes": with_settings(classes=list(range(1_000_000))),
        "classes of text": with_settings(classes=["a", "b", "c"]),
        "classes in an object": with_settings(classes={"a": 1, "b": 2, "c": 3}),
        "classes of one number": with_settings(classes=3),
        "a scale of text": with_settings(scale="x"),
        "no scale": with_settings(scale=None),
        "a scale of 10**400": with_settings(scale=10**400),
        "a setting too many": with_settings(more=1),
        "a network of null": lambda folder: content(
            "weights.safetensors",
            safetensors_with({"__metadata__": {"encoder": '{"network": null}'}}),
        )(folder),
    },
)


def maps(folder: Path) -> None:
    """Maps between two spaces, of each kind."""
    rng = np.random.default_rng(0)
    old, new = rng.normal(size=(40, 3)).astype("f4"), rng.normal(size=(40, 4)).astype("f4")
    for method in ("ridge", "residual"):
        align.fit(old, new, method).save(folder / f"{method}.safetensors")


@reader("maps", maps)
def read_maps(folder: Path) -> object:
    """Maps that are applied."""
    found = [align.load(folder / f"{name}.safetensors") for name in ("ridge", "residual")]
    applied = []
    for one in found:
        if one.dims[0] < 10_000:
            applied.append(one.apply(np.ones((2, one.dims[0]), np.float32)))
            assert applied[-1].shape[1] == one.dims[1]
    return applied


cases("maps", of_files("ridge.safetensors"))
cases(
    "maps", {f"residual: {name}": made for name, made in of_files("residual.safetensors").items()}
)


def checkpoint(folder: Path) -> None:
    """What training leaves after each epoch."""
    state = {"for": "x", "history": [{"loss": 1.0}]}
    torch.save(
        state | {n: {"a": torch.zeros(2)} for n in ("encoder", "objective")},
        folder / "checkpoint.pt",
    )


@reader("checkpoint", checkpoint, share=0.7)
def read_checkpoint(folder: Path) -> object:
    """A checkpoint that is of another run, or damaged, is not used, and says nothing."""
    from backfill.encoders.training import Trainer

    class Bare:
        device = torch.device("cpu")

    return Trainer._resume(Bare(), folder / "checkpoint.pt", "of this run")  # type: ignore[arg-type]


cases(
    "checkpoint",
    {
        "nothing": content("checkpoint.pt", b""),
        "a command": content("checkpoint.pt", b"cos\nsystem\n(S'touch PWNED'\ntR."),
        "a memo of 150 million": content("checkpoint.pt", b"\x80\x02Nr\x80\xd1\xf0\x08."),
        "another pickle": content("checkpoint.pt", b"\x80\x02]."),
        "text": content("checkpoint.pt", b"hello"),
    },
)
