"""Stage transform: what it stores for every seed, and what it needs to begin."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from backfill import transforms
from backfill.artifacts import LOG_VARIANCE, PARTS, Layout, load_array, save_array
from backfill.compose import composed
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.params import Params, validate
from backfill.stages.transform import transform

RAW = composed(["dataset=digits"], Path(__file__).parents[2] / "conf")
CLASSES = [1, 4, 6]
COUNTS = {"train": 60, "query": 7, "gallery": 11}
DIMS = {"old": 5, "new": 6}
SEEDS = [0, 2]


def digits(**changes: Any) -> Params:
    """With changes to the row `fastfill`."""
    raw = copy.deepcopy(RAW)
    raw |= {"seeds": SEEDS, "device": "cpu"}
    raw["transform"] |= {"width": 8, "epochs": 2, "batch_size": 20}
    raw["transforms"]["fastfill"] |= changes
    return validate(raw)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Stored embeddings of two encoders, and the new one's classifier."""
    rng = np.random.default_rng(0)
    made = Layout("digits", tmp_path)
    save_array(made.labels("train"), rng.choice(CLASSES, COUNTS["train"]))
    save_array(made.allocation("extended_class/new"), np.arange(COUNTS["train"]))
    save_array(made.allocation("expansion/old"), np.arange(0, COUNTS["train"], 3))
    for name, dim in DIMS.items():
        for part in PARTS:
            shape = (2 if part == "train" else 1, COUNTS[part], dim)
            rows = rng.normal(size=shape).astype(np.float32)
            rows /= np.linalg.norm(rows, axis=2, keepdims=True)
            save_array(made.embeddings(name, part), rows)
    weight = rng.normal(size=(len(CLASSES), DIMS["new"])).astype(np.float32)
    StoredClassifier(weight, CLASSES, 8.0).save(made.embeddings("new"))
    return made


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("seeds", [SEEDS, [5]])
def test_every_seeds_modules_and_doubts_are_stored(layout: Layout, seeds: list[int]) -> None:
    params = digits() if seeds == SEEDS else digits(seeds=seeds)
    transform(params, layout, "fastfill")
    assert files_below(layout.transform("fastfill")) == {
        name for s in seeds for name in (f"seed_{s}.safetensors", f"loss_seed_{s}.tsv")
    }
    stored = layout.embeddings("fastfill")
    assert files_below(stored) == {
        f"{module}/{part}.npy" for module in ("h", LOG_VARIANCE) for part in ("query", "gallery")
    }
    for seed in seeds:
        losses = (layout.transform("fastfill") / f"loss_seed_{seed}.tsv").read_text().splitlines()
        assert losses[0] == "step\tloss"
        assert [line.split("\t")[0] for line in losses[1:]] == ["0", "1"]
    # The weights are those that made what is stored.
    row = params.transforms["fastfill"]
    model = transforms.Transforms(row, row.training(params.transform), DIMS).eval()
    for part in ("query", "gallery"):
        known = {name: load_array(layout.embeddings(name, part))[0] for name in DIMS}
        h = load_array(stored / "h" / f"{part}.npy")
        doubts = load_array(stored / LOG_VARIANCE / f"{part}.npy")
        assert h.shape == (len(seeds), COUNTS[part], DIMS["new"])
        assert doubts.shape == (len(seeds), COUNTS[part])
        for place, seed in enumerate(seeds):
            model.load_state_dict(
                load_file(layout.transform("fastfill") / f"seed_{seed}.safetensors")
            )
            again = transforms.apply(model, known, torch.device("cpu"))
            np.testing.assert_allclose(h[place], again["h"], atol=1e-6)
            np.testing.assert_allclose(doubts[place], again[LOG_VARIANCE], atol=1e-6)


def test_a_row_without_uncertainty_stores_no_doubt(layout: Layout) -> None:
    transform(digits(), layout, "forward_no_rho")
    assert not (layout.embeddings("forward_no_rho") / LOG_VARIANCE).exists()
    assert (layout.embeddings("forward_no_rho") / "h" / "gallery.npy").exists()


@pytest.mark.parametrize(
    "file", ["embeddings/new/classifier.npz", "embeddings/old/train.npy", "split/train/labels.npy"]
)
def test_what_is_missing_is_named_and_nothing_is_left(layout: Layout, file: str) -> None:
    (layout.data / file).unlink()
    with pytest.raises(InputError, match=f"{file}: not there"):
        transform(digits(), layout, "fastfill")
    assert not layout.transform("fastfill").exists()
    assert not layout.embeddings("fastfill").exists()


def test_fastfill_needs_a_classifier_of_every_class(layout: Layout) -> None:
    known = StoredClassifier.load(layout.embeddings("new"))
    StoredClassifier(known.weight[[0, 2]], [1, 6], known.scale).save(layout.embeddings("new"))
    with pytest.raises(InputError) as found:
        transform(digits(), layout, "fastfill")
    assert str(found.value) == (
        "transforms.fastfill.new: the classifier of 'new' lacks 1 of the 3 classes that are "
        "trained on, and loss fastfill needs all of them"
    )
    assert not layout.transform("fastfill").exists()


def test_only_the_part_that_it_trains_on_is_seen(layout: Layout) -> None:
    params = digits(trains_on="expansion/old")
    transform(params, layout, "fastfill")
    seen = load_array(layout.embeddings("fastfill/h", "gallery"))
    # What lies outside of the part may be anything.
    rows = load_array(layout.allocation("expansion/old"))
    for name in DIMS:
        views = load_array(layout.embeddings(name, "train")).copy()
        outside = np.setdiff1d(np.arange(COUNTS["train"]), rows)
        views[:, outside] = np.nan
        save_array(layout.embeddings(name, "train"), views)
    transform(params, layout, "fastfill")
    np.testing.assert_array_equal(load_array(layout.embeddings("fastfill/h", "gallery")), seen)
