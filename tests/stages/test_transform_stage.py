"""Stage transform: what it stores for every seed, and what it needs to begin."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from backfill import transforms
from backfill.artifacts import LOG_VARIANCE, Layout, load_array, save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.stages.transform import transform

from .made import transform_plan

CLASSES = [1, 4, 6]
COUNTS = {"train": 60, "query": 7, "gallery": 11}
DIMS = {"old": 5, "new": 6}
SEEDS = [0, 2]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Stored embeddings of two encoders, and the new one's classifier."""
    rng = np.random.default_rng(0)
    made = Layout(root=tmp_path)
    save_array(made.labels("train"), rng.choice(CLASSES, COUNTS["train"]))
    save_array(made.share("extended_class/new"), np.arange(COUNTS["train"]))
    save_array(made.share("expansion/old"), np.arange(0, COUNTS["train"], 3))
    for name, dim in DIMS.items():
        for part, count in COUNTS.items():
            rows = rng.normal(size=(2 if part == "train" else 1, count, dim)).astype(np.float32)
            rows /= np.linalg.norm(rows, axis=2, keepdims=True)
            save_array(made.views(name) if part == "train" else made.embeddings(name, part), rows)
    weight = rng.normal(size=(len(CLASSES), DIMS["new"])).astype(np.float32)
    StoredClassifier(weight, CLASSES, 8.0).save(made.embeddings("new"))
    return made


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("seeds", [SEEDS, [5]])
def test_every_seeds_modules_and_uncertainty_are_stored(layout: Layout, seeds: list[int]) -> None:
    plan = transform_plan("fastfill", seeds)
    done = transform(plan, layout, "fastfill")
    assert (done.items, done.unit) == (4 * 20 * len(seeds), "embeddings")
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
        assert [line.split("\t")[0] for line in losses[1:]] == ["2", "4"]
    # The weights are those that made what is stored.
    model = transforms.Transforms(plan.row, plan.training, DIMS).eval()
    for part in ("query", "gallery"):
        known = {name: load_array(layout.embeddings(name, part))[0] for name in DIMS}
        h = load_array(stored / "h" / f"{part}.npy")
        log_variance = load_array(stored / LOG_VARIANCE / f"{part}.npy")
        assert h.shape == (len(seeds), COUNTS[part], DIMS["new"])
        assert log_variance.shape == (len(seeds), COUNTS[part])
        for position, seed in enumerate(seeds):
            model.load_state_dict(
                load_file(layout.transform("fastfill") / f"seed_{seed}.safetensors")
            )
            again = transforms.apply(model, known, torch.device("cpu"))
            np.testing.assert_allclose(h[position], again["h"], atol=1e-6)
            np.testing.assert_allclose(log_variance[position], again[LOG_VARIANCE], atol=1e-6)


def test_seeds_side_by_side_give_the_same_bytes(layout: Layout) -> None:
    transform(transform_plan("fastfill", SEEDS), layout, "fastfill")
    folders = (layout.transform("fastfill"), layout.embeddings("fastfill"))
    alone = [{n: (folder / n).read_bytes() for n in files_below(folder)} for folder in folders]
    transform(transform_plan("fastfill", SEEDS, threads=2), layout, "fastfill")
    both = [{n: (folder / n).read_bytes() for n in files_below(folder)} for folder in folders]
    assert both == alone


def test_a_row_without_uncertainty_stores_none(layout: Layout) -> None:
    transform(transform_plan("forward_no_rho", SEEDS), layout, "forward_no_rho")
    assert not (layout.embeddings("forward_no_rho") / LOG_VARIANCE).exists()
    assert (layout.embeddings("forward_no_rho") / "h" / "gallery.npy").exists()


@pytest.mark.parametrize(
    "file", ["embeddings/new/classifier.npz", "embeddings/old/train.npy", "split/train/labels.npy"]
)
def test_what_is_missing_is_named_and_nothing_is_left(layout: Layout, file: str) -> None:
    (layout.data / file).unlink()
    with pytest.raises(InputError, match=rf"{file}: expected an? \w+, got no such file"):
        transform(transform_plan("fastfill", SEEDS), layout, "fastfill")
    assert not layout.transform("fastfill").exists()
    assert not layout.embeddings("fastfill").exists()


def test_fastfill_needs_a_classifier_of_every_class(layout: Layout) -> None:
    known = StoredClassifier.load(layout.embeddings("new"))
    StoredClassifier(known.weight[[0, 2]], [1, 6], known.scale).save(layout.embeddings("new"))
    with pytest.raises(InputError) as found:
        transform(transform_plan("fastfill", SEEDS), layout, "fastfill")
    assert str(found.value) == (
        "transforms.fastfill.new: expected a classifier of all 3 classes that are trained on, got "
        "one that lacks 1"
    )
    assert not layout.transform("fastfill").exists()


def test_only_the_share_that_it_trains_on_is_seen(layout: Layout) -> None:
    plan = transform_plan("fastfill", SEEDS, trains_on="expansion/old")
    transform(plan, layout, "fastfill")
    seen = load_array(layout.embeddings("fastfill/h", "gallery"))
    # What lies outside of the share may be anything.
    rows = load_array(layout.share("expansion/old"))
    for name in DIMS:
        views = load_array(layout.views(name)).copy()
        outside = np.setdiff1d(np.arange(COUNTS["train"]), rows)
        views[:, outside] = np.nan
        save_array(layout.views(name), views)
    transform(plan, layout, "fastfill")
    np.testing.assert_array_equal(load_array(layout.embeddings("fastfill/h", "gallery")), seen)


def test_a_transform_may_lead_to_a_module_of_another_one(layout: Layout) -> None:
    rho = transform_plan("rho", SEEDS, form="layers")
    transform(rho, layout, "rho")
    views = load_array(layout.views("rho/rho"))
    assert views.shape == (len(SEEDS), 2, COUNTS["train"], DIMS["new"])
    np.testing.assert_allclose(np.linalg.norm(views, axis=3), 1, rtol=1e-5)
    query = load_array(layout.embeddings("rho/rho", "query"))
    fct = transform_plan("fct", SEEDS, new="rho/rho", before="rho/rho -> h")
    transform(fct, layout, "fct_rho")
    made = load_array(layout.embeddings("fct_rho/h", "gallery"))
    assert made.shape == (len(SEEDS), COUNTS["gallery"], query.shape[2])
    # Each seed learns from the same seed of what it leads to.
    save_array(layout.views("rho/rho"), np.stack([views[0], views[0]]))
    transform(fct, layout, "fct_rho")
    again = load_array(layout.embeddings("fct_rho/h", "gallery"))
    np.testing.assert_array_equal(again[0], made[0])
    assert not np.array_equal(again[1], made[1])
