"""Stage train: whom an encoder learns from, and which checkpoints are its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.artifacts import Layout, load_array, save_array
from backfill.compose import composed
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.model import Encoder
from backfill.errors import InputError
from backfill.params import Params, validate
from backfill.stages.embed import embed
from backfill.stages.split import split
from backfill.stages.train import CHECKPOINTS, fingerprint, train

ROOT = Path(__file__).parents[2]
Change = Callable[[dict[str, Any]], object]


def digits(change: Change = lambda raw: None) -> Params:
    raw = composed(["dataset=digits"], ROOT / "conf")
    raw["train"]["epochs"] = 1
    change(raw)
    return validate(raw)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """With the digits split, and stored embeddings of an old encoder."""
    monkeypatch.chdir(tmp_path)
    made = Layout("digits")
    split(digits(), made)
    rng = np.random.default_rng(0)
    views = rng.normal(size=(2, len(load_array(made.labels("train"))), 16)).astype(np.float32)
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    known = np.unique(load_array(made.labels("train"))[load_array(made.allocation(OLD))]).tolist()
    for name in ("old", "gen0"):
        save_array(made.embeddings(name, "train"), views)
        weight = rng.normal(size=(len(known), 16)).astype(np.float32)
        StoredClassifier(weight, known, 16.0).save(made.embeddings(name))
    return made


OLD = "extended_class/old"


@pytest.mark.parametrize("name", ["old", "side", "ract", "bct_ract", "lwf", "gen1"])
def test_an_encoder_is_trained_stored_and_embeds(layout: Layout, name: str) -> None:
    params = digits()
    train(params, layout, name)
    assert not (CHECKPOINTS / "digits" / name).exists()
    encoder = Encoder.load(layout.weights(name))
    row = params.encoders[name]
    labels = load_array(layout.labels("train"))[load_array(layout.allocation(row.trains_on))]
    assert encoder.classes == (np.unique(labels).tolist() if name != "side" else [])
    losses = (layout.encoder(name) / "loss.tsv").read_text().splitlines()
    assert len(losses) == 1 + row.training(params.train).epochs

    embed(params, layout, name)
    assert load_array(layout.embeddings(name, "train")).shape == (params.embed.views, 898, 16)
    stored = layout.embeddings(name) / "classifier.npz"
    assert stored.exists() == (name != "side")
    if name != "side":
        classifier = StoredClassifier.load(layout.embeddings(name))
        assert classifier.classes == encoder.classes


def test_a_row_may_have_a_network_of_its_own(layout: Layout) -> None:
    def as_vit(raw: dict[str, Any]) -> None:
        raw["encoders"]["ract"]["network"] = {
            "family": "vit", "image_size": 8, "patch": 4, "depth": 1, "width": 8, "heads": 2,
            "embedding_dim": 16,
        }  # fmt: skip

    params = digits(as_vit)
    train(params, layout, "ract")
    embed(params, layout, "ract")
    assert Encoder.load(layout.weights("ract")).settings["network"]["family"] == "vit"
    assert load_array(layout.embeddings("ract", "query")).shape == (1, 899, 16)


@pytest.mark.parametrize("missing", ["train.npy", "classifier.npz"])
def test_without_its_teacher_an_encoder_does_not_begin(layout: Layout, missing: str) -> None:
    (layout.embeddings("old") / missing).unlink()
    with pytest.raises(InputError, match=f"embeddings/old/{missing}: not there"):
        train(digits(), layout, "ract")
    assert not layout.encoder("ract").exists()


def set_in(*path: str, value: object) -> Change:
    def change(raw: dict[str, Any]) -> None:
        for key in path[:-1]:
            raw = raw[key]
        raw[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_in("encoders", "ract", "temperature", value=0.1),
        set_in("encoders", "ract", "seed", value=9),
        set_in("encoders", "ract", "positives", value="class"),
        set_in("encoders", "ract", "trains_on", value="expansion/new"),
        set_in("train", "epochs", value=3),
        set_in("train", "optimizer", value="adam"),
        set_in("train", "network", "width", value=4),
    ],
)
def test_a_checkpoint_of_other_settings_is_another(layout: Layout, change: Change) -> None:
    own = fingerprint(digits(), layout, "ract")
    assert fingerprint(digits(), layout, "ract") == own
    # Other rows, and what comes after training, are of no account.
    for harmless in (
        set_in("encoders", "lwf", "temperature", value=3.0),
        set_in("evaluate", "checkpoints", value=3),
    ):
        assert fingerprint(digits(harmless), layout, "ract") == own
    assert fingerprint(digits(change), layout, "ract") != own


@pytest.mark.parametrize("file", ["train.npy", "classifier.npz"])
def test_a_checkpoint_of_another_teacher_is_another(layout: Layout, file: str) -> None:
    own = fingerprint(digits(), layout, "ract")
    plain = fingerprint(digits(), layout, "new")
    path = layout.embeddings("old") / file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert fingerprint(digits(), layout, "ract") != own
    assert fingerprint(digits(), layout, "new") == plain
