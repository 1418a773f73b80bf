"""Stages train and embed: whom an encoder learns from, and which checkpoints are its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.artifacts import Layout, load_array, save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.model import Encoder
from backfill.errors import InputError
from backfill.pipeline.plans import EmbedPlan, TrainPlan
from backfill.stages.embed import embed
from backfill.stages.split import split
from backfill.stages.train import fingerprint, train

from .made import DIGITS, ROWS, split_plan, train_plan

OLD = "extended_class/old"
SPLITS = {name: ROWS.splits[name] for name in ("extended_class", "expansion", "sequential")}
VIT = {
    "family": "vit", "image_size": 8, "patch": 4, "depth": 1, "width": 8, "heads": 2,
    "embedding_dim": 16,
}  # fmt: skip


def embed_plan(trained: TrainPlan) -> EmbedPlan:
    return EmbedPlan(device="cpu", threads=1, embed=DIGITS.embed, augment=trained.train.augment)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """With the digits split, and what is stored of two old encoders."""
    made = Layout(root=tmp_path)
    made.params.write_text("compute: {engine: local}\n")
    split(split_plan(**SPLITS), made)
    rng = np.random.default_rng(0)
    views = rng.normal(size=(2, len(load_array(made.labels("train"))), 16)).astype(np.float32)
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    known = np.unique(load_array(made.labels("train"))[load_array(made.share(OLD))]).tolist()
    for name in ("old", "gen0"):
        save_array(made.views(name), views)
        weight = rng.normal(size=(len(known), 16)).astype(np.float32)
        StoredClassifier(weight, known, 16.0).save(made.embeddings(name))
    return made


@pytest.mark.parametrize("name", ["old", "side", "ract", "bct_ract", "lwf", "gen1"])
def test_an_encoder_is_trained_stored_and_embeds(layout: Layout, name: str) -> None:
    plan = train_plan(name)
    done = train(plan, layout, name)
    rows = load_array(layout.share(plan.row.trains_on))
    size = plan.train.batch_size
    assert (done.items, done.unit) == (len(rows) // size * size, "images")  # whole batches
    assert not layout.checkpoints(name).exists()
    encoder = Encoder.load(layout.weights(name))
    labels = load_array(layout.labels("train"))[rows]
    assert encoder.classes == (np.unique(labels).tolist() if name != "side" else [])
    losses = (layout.encoder(name) / "loss.tsv").read_text().splitlines()
    assert len(losses) == 1 + plan.train.epochs

    done = embed(embed_plan(plan), layout, name)
    views = DIGITS.embed.views
    assert load_array(layout.views(name)).shape == (views, 898, 16)
    assert load_array(layout.embeddings(name, "query")).shape == (1, 899, 16)
    assert load_array(layout.embeddings(name, "gallery")).shape == (1, 899, 16)
    assert done.items == views * 898 + 2 * 899
    stored = layout.embeddings(name) / "classifier.npz"
    assert stored.exists() == (name != "side")
    if name != "side":
        classifier = StoredClassifier.load(layout.embeddings(name))
        assert classifier.classes == encoder.classes


@pytest.mark.parametrize("name", ["old", "ract"])
def test_training_again_gives_the_same_bytes(layout: Layout, name: str) -> None:
    plan = train_plan(name, train={"epochs": 2})
    train(plan, layout, name)
    embed(embed_plan(plan), layout, name)
    folders = (layout.encoder(name), layout.embeddings(name))
    first = [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders]
    train(plan, layout, name)
    embed(embed_plan(plan), layout, name)
    assert [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders] == first


def test_a_row_may_have_a_network_of_its_own(layout: Layout) -> None:
    plan = train_plan("ract", network=VIT)
    train(plan, layout, "ract")
    embed(embed_plan(plan), layout, "ract")
    assert Encoder.load(layout.weights("ract")).settings["network"]["family"] == "vit"
    assert load_array(layout.embeddings("ract", "query")).shape == (1, 899, 16)


@pytest.mark.parametrize("missing", ["embeddings/old/train.npy", "embeddings/old/classifier.npz"])
def test_without_its_teacher_an_encoder_does_not_begin(layout: Layout, missing: str) -> None:
    (layout.data / missing).unlink()
    with pytest.raises(InputError, match=rf"{missing}: expected an? \w+, got no such file"):
        train(train_plan("ract"), layout, "ract")
    assert not layout.encoder("ract").exists()


def test_weights_that_are_missing_are_named(layout: Layout) -> None:
    with pytest.raises(InputError, match=r"encoders/old/weights\.safetensors: "):
        embed(embed_plan(train_plan("old")), layout, "old")
    assert not layout.views("old.npy").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0.1},
        {"seeds": [9]},
        {"positives": "class"},
        {"trains_on": "expansion/old"},
        {"train": {"epochs": 3}},
        {"train": {"optimizer": "adam"}},
        {"train": {"network": DIGITS.train.network.model_dump() | {"width": 4}}},
    ],
    ids=str,
)
def test_a_checkpoint_of_other_settings_is_another(layout: Layout, changes: dict[str, Any]) -> None:
    own = fingerprint(train_plan("ract"), layout)
    assert fingerprint(train_plan("ract"), layout) == own
    assert fingerprint(train_plan("ract", **changes), layout) != own


def test_a_checkpoint_with_other_threads_is_another(layout: Layout) -> None:
    plan = train_plan("ract")
    other = plan.model_copy(update={"threads": 2})
    assert fingerprint(other, layout) != fingerprint(plan, layout)


@pytest.mark.parametrize("file", ["embeddings/old/train.npy", "embeddings/old/classifier.npz"])
def test_a_checkpoint_of_another_teacher_is_another(layout: Layout, file: str) -> None:
    own = fingerprint(train_plan("ract"), layout)
    plain = fingerprint(train_plan("new"), layout)
    path = layout.data / file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert fingerprint(train_plan("ract"), layout) != own
    assert fingerprint(train_plan("new"), layout) == plain


@pytest.mark.parametrize("file", ["images", "labels", "share"])
def test_a_checkpoint_of_other_images_is_another(layout: Layout, file: str) -> None:
    own = fingerprint(train_plan("old"), layout)
    path = layout.share(OLD) if file == "share" else getattr(layout, file)("train")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert fingerprint(train_plan("old"), layout) != own


def test_an_encoder_starts_from_the_stored_weights_of_another(layout: Layout) -> None:
    train(train_plan("old"), layout, "old")
    plan = train_plan("lwf", starts_from="old", head="frozen", train={"learning_rate": 1e-9})
    own = fingerprint(plan, layout)
    train(plan, layout, "lwf")
    old, new = (Encoder.load(layout.weights(name)) for name in ("old", "lwf"))
    # Batch normalisation's statistics move without a step.
    for (name, first), later in zip(
        old.network.named_parameters(), new.network.parameters(), strict=True
    ):
        np.testing.assert_allclose(first.detach(), later.detach(), atol=1e-5, err_msg=name)
    # A checkpoint that started from other weights is another.
    train(train_plan("old", seeds=[5]), layout, "old")
    assert fingerprint(plan, layout) != own
