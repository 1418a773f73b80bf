"""Stage order: whose embeddings are scored, by whose classifier or whose prediction."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.arrays import System
from backfill.artifacts import Layout, load_array, save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.orders.coverage import coverage
from backfill.orders.scores import by_score
from backfill.relevance import Relevance
from backfill.retrieval.oracle import mean_gains
from backfill.stages.order import order

from .made import order_plan

COUNT, DIM, CLASSES, SCALE = 30, 5, 4, 6.0
SEEDS = [3, 4, 5]


def make(layout: Layout, row: dict[str, Any] | str) -> Any:
    """The (S, N) orders that the stage writes."""
    name = row if isinstance(row, str) else "mine"
    done = order(order_plan(row, SEEDS), layout, name)
    made = load_array(layout.order(name))
    assert made.shape == (len(SEEDS), COUNT)
    assert done.items == made.size
    return made


def classifier(seed: int) -> StoredClassifier:
    weight = np.random.default_rng(seed).normal(size=(CLASSES, DIM)).astype(np.float32)
    return StoredClassifier(weight, list(range(CLASSES)), SCALE)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Gallery embeddings and classifiers of two encoders; what two transforms predict."""
    rng = np.random.default_rng(0)
    made = Layout(root=tmp_path)
    save_array(made.labels("gallery"), np.arange(COUNT))
    for seed, name in enumerate(("old", "new")):
        gallery = rng.normal(size=(1, COUNT, DIM)).astype(np.float32)
        gallery /= np.linalg.norm(gallery, axis=2, keepdims=True)
        save_array(made.embeddings(name, "gallery"), gallery)
        classifier(seed).save(made.embeddings(name))
    for name, seeds in (("forward", len(SEEDS)), ("fastfill", 1)):
        known = rng.normal(size=(seeds, COUNT)).astype(np.float32)
        save_array(made.embeddings(f"{name}/log_variance", "gallery"), known)
    spaces = rng.normal(size=(len(SEEDS), COUNT, DIM)).astype(np.float32)
    save_array(made.embeddings("forward/h", "gallery"), spaces)
    return made


def uncertainty(kind: str, item: np.ndarray, by: StoredClassifier) -> float:
    """By a loop over the classes."""
    cosines = [float(item @ row / np.linalg.norm(row)) for row in by.weight]
    powers = [math.exp(SCALE * cosine) for cosine in cosines]
    shares = sorted(power / sum(powers) for power in powers)
    if kind == "least_confidence":
        return 1 - shares[-1]
    if kind == "margin":
        return 1 - (shares[-1] - shares[-2])
    return -sum(share * math.log(share) for share in shares)


@pytest.mark.parametrize("kind", ["least_confidence", "margin", "entropy"])
@pytest.mark.parametrize("by", ["old", "new"])
def test_the_most_uncertain_old_embeddings_come_first(layout: Layout, kind: str, by: str) -> None:
    made = make(layout, {"kind": kind, "embeddings": "old", "classifier": by})
    gallery = load_array(layout.embeddings("old", "gallery"))[0]
    chosen = classifier(["old", "new"].index(by))
    wanted = sorted(range(COUNT), key=lambda i: -uncertainty(kind, gallery[i], chosen))
    for of_seed in made:
        assert of_seed.tolist() == wanted


def test_an_encoders_own_classifier_judges_by_default(layout: Layout) -> None:
    row = {"kind": "margin", "embeddings": "old"}
    np.testing.assert_array_equal(make(layout, row), make(layout, row | {"classifier": "old"}))
    assert (make(layout, row) != make(layout, row | {"classifier": "new"})).any()


def test_each_seed_is_ordered_by_its_own_prediction(layout: Layout) -> None:
    known = load_array(layout.embeddings("forward/log_variance", "gallery"))
    wanted = [sorted(range(COUNT), key=lambda i: -row[i]) for row in known.tolist()]
    assert make(layout, "forward").tolist() == wanted
    assert wanted[0] != wanted[1]


def test_one_seeds_prediction_serves_all(layout: Layout) -> None:
    (known,) = load_array(layout.embeddings("fastfill/log_variance", "gallery"))
    wanted = sorted(range(COUNT), key=lambda i: -known[i])
    assert make(layout, "fastfill").tolist() == [wanted] * len(SEEDS)


def test_random_orders_are_those_of_the_seeds(layout: Layout) -> None:
    wanted = [np.random.default_rng(seed).permutation(COUNT).tolist() for seed in SEEDS]
    assert make(layout, "random").tolist() == wanted


@pytest.mark.parametrize(
    ("scores", "over"),
    [
        ({"kind": "least_confidence", "embeddings": "old", "classifier": "new"}, "old"),
        ({"kind": "predicted", "transform": "forward"}, "forward/h"),
    ],
    ids=["by_classifier", "by_prediction"],
)
def test_coverage_is_of_a_seeds_own_space_and_uncertainty(
    layout: Layout, scores: dict[str, Any], over: str
) -> None:
    row = {"kind": "coverage", "over": over, "scores": scores, "cell_size": 4}
    space = load_array(layout.embeddings(over, "gallery"))
    if scores["kind"] == "predicted":
        known = load_array(layout.embeddings("forward/log_variance", "gallery"))
    else:
        judge = classifier(1)
        known = np.array([[uncertainty("least_confidence", item, judge) for item in space[0]]])
    made = make(layout, row | {"scored_share": 0.25})
    for position, (of_seed, seed) in enumerate(zip(made, SEEDS, strict=True)):
        own = space[min(position, len(space) - 1)], known[min(position, len(known) - 1)]
        wanted = coverage(*own, seed, cell_size=4, scored_share=0.25)
        np.testing.assert_array_equal(of_seed, wanted)


def test_an_oracle_looks_at_both_systems_of_a_seed(layout: Layout) -> None:
    rng = np.random.default_rng(1)
    for name, seeds in (("old", 1), ("forward/rho", len(SEEDS))):
        save_array(layout.embeddings(name, "query"), rng.normal(size=(seeds, 9, DIM)))
    save_array(layout.embeddings("forward/rho", "gallery"), rng.normal(size=(3, COUNT, DIM)))
    relevance = Relevance.from_labels(np.arange(9) % 3, np.arange(COUNT) % 3)
    relevance.save(layout.relevance)
    row = {"kind": "oracle", "before": "old", "after": "forward/rho", "states": 2, "queries": 6}
    made = make(layout, row)
    parts = ("query", "gallery")
    old, rho = (
        [load_array(layout.embeddings(n, p)) for p in parts] for n in ("old", "forward/rho")
    )
    for position, (of_seed, seed) in enumerate(zip(made, SEEDS, strict=True)):
        before, after = System(old[0][0], old[1][0]), System(rho[0][position], rho[1][position])
        gains = mean_gains(before, after, relevance, seed, states=2, queries=6)
        np.testing.assert_array_equal(of_seed, by_score(gains))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("random", "split/gallery/labels.npy"),
        ("margin", "embeddings/old/gallery.npy"),
        ("margin", "embeddings/old/classifier.npz"),
        ("forward", "embeddings/forward/log_variance/gallery.npy"),
    ],
)
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_missing_or_damaged_input_is_named(
    layout: Layout, name: str, file: str, damage: str
) -> None:
    path = layout.data / file
    if damage == "missing":
        path.unlink()
        message = r"expected an? \w+, got no such file"
    else:
        path.write_bytes(path.read_bytes()[:40])
        message = "expected an? [^;]*, got"
    with pytest.raises(InputError, match=f"^orders.{name}: .*{file}: {message}"):
        make(layout, name)
    assert not layout.order(name).exists()


@pytest.mark.parametrize("name", ["entropy", "forward"])
def test_what_is_not_a_number_orders_nothing_and_the_row_is_named(
    layout: Layout, name: str
) -> None:
    path = layout.embeddings("old" if name == "entropy" else "forward/log_variance", "gallery")
    values = load_array(path)
    values[0, 7] = np.nan
    save_array(path, values)
    message = rf"^orders\.{name}: (class_)?scores: expected finite numbers, got nan in row 7$"
    with pytest.raises(InputError, match=message):
        make(layout, name)
    assert not layout.order(name).exists()
