"""Stage order: whose embeddings are scored, by whose classifier or whose prediction."""

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill import orders
from backfill.artifacts import Layout, load_array, save_array
from backfill.compose import composed
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.params import Params, validate
from backfill.retrieval import Relevance
from backfill.retrieval.oracle import mean_gains
from backfill.stages.order import order

RAW = composed(["dataset=digits"], Path(__file__).parents[2] / "conf")
COUNT, DIM, CLASSES, SCALE = 30, 5, 4, 6.0
SEEDS = [3, 4, 5]


def digits(**rows: dict[str, Any]) -> Params:
    """With further rows of `orders`."""
    raw = copy.deepcopy(RAW)
    raw["seeds"] = SEEDS
    raw["orders"] |= rows
    return validate(raw)


def classifier(seed: int) -> StoredClassifier:
    weight = np.random.default_rng(seed).normal(size=(CLASSES, DIM)).astype(np.float32)
    return StoredClassifier(weight, list(range(CLASSES)), SCALE)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Gallery embeddings and classifiers of two encoders; what two transforms predict."""
    rng = np.random.default_rng(0)
    made = Layout("digits", tmp_path)
    save_array(made.labels("gallery"), np.arange(COUNT))
    for seed, name in enumerate(("old", "new")):
        gallery = rng.normal(size=(1, COUNT, DIM)).astype(np.float32)
        gallery /= np.linalg.norm(gallery, axis=2, keepdims=True)
        save_array(made.embeddings(name, "gallery"), gallery)
        classifier(seed).save(made.embeddings(name))
    for name, seeds in (("forward", len(SEEDS)), ("fastfill", 1)):
        doubts = rng.normal(size=(seeds, COUNT)).astype(np.float32)
        save_array(made.embeddings(f"{name}/log_variance", "gallery"), doubts)
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
    row = {"kind": kind, "needs": "embeddings/old", "by": f"embeddings/{by}"}
    order(digits(mine=row), layout, "mine")
    made = load_array(layout.order("mine"))
    gallery = load_array(layout.embeddings("old", "gallery"))[0]
    chosen = classifier(["old", "new"].index(by))
    wanted = sorted(range(COUNT), key=lambda i: -uncertainty(kind, gallery[i], chosen))
    assert made.shape == (len(SEEDS), COUNT)
    for of_seed in made:
        assert of_seed.tolist() == wanted


def test_each_seed_is_ordered_by_its_own_prediction(layout: Layout) -> None:
    order(digits(), layout, "forward")
    doubts = load_array(layout.embeddings("forward/log_variance", "gallery"))
    wanted = [sorted(range(COUNT), key=lambda i: -row[i]) for row in doubts.tolist()]
    assert load_array(layout.order("forward")).tolist() == wanted
    assert wanted[0] != wanted[1]


def test_one_seeds_prediction_serves_all(layout: Layout) -> None:
    order(digits(), layout, "fastfill")
    (doubts,) = load_array(layout.embeddings("fastfill/log_variance", "gallery"))
    wanted = sorted(range(COUNT), key=lambda i: -doubts[i])
    assert load_array(layout.order("fastfill")).tolist() == [wanted] * len(SEEDS)


def test_random_orders_are_those_of_the_seeds(layout: Layout) -> None:
    order(digits(), layout, "random")
    wanted = [np.random.default_rng(seed).permutation(COUNT).tolist() for seed in SEEDS]
    assert load_array(layout.order("random")).tolist() == wanted


@pytest.mark.parametrize(
    ("name", "needs", "by", "over"),
    [
        ("by_classifier", "embeddings/old", "embeddings/new", "old"),
        ("by_prediction", "embeddings/forward", "split/gallery", "forward/h"),
    ],
)
def test_coverage_is_of_a_seeds_own_space_and_doubts(
    layout: Layout, name: str, needs: str, by: str, over: str
) -> None:
    row = {"kind": "coverage", "needs": needs, "by": by, "over": over}
    order(digits(mine=row | {"group_size": 4, "scored_share": 0.25}), layout, "mine")
    space = load_array(layout.embeddings(over, "gallery"))
    if by == "split/gallery":
        doubts = load_array(layout.embeddings("forward/log_variance", "gallery"))
    else:
        doubts = np.array(
            [[uncertainty("least_confidence", item, classifier(1)) for item in space[0]]]
        )
    for place, (made, seed) in enumerate(zip(load_array(layout.order("mine")), SEEDS, strict=True)):
        own = space[min(place, len(space) - 1)], doubts[min(place, len(doubts) - 1)]
        wanted = orders.coverage(*own, seed, group_size=4, scored_share=0.25)
        np.testing.assert_array_equal(made, wanted)


def test_an_oracle_looks_at_both_systems_of_a_seed(layout: Layout) -> None:
    rng = np.random.default_rng(1)
    for name, seeds in (("old", 1), ("forward/rho", len(SEEDS))):
        save_array(layout.embeddings(name, "query"), rng.normal(size=(seeds, 9, DIM)))
    save_array(layout.embeddings("forward/rho", "gallery"), rng.normal(size=(3, COUNT, DIM)))
    relevance = Relevance.from_labels(np.arange(9) % 3, np.arange(COUNT) % 3)
    relevance.save(layout.relevance)
    row = {
        "kind": "oracle", "needs": "embeddings/old", "by": "embeddings/forward",
        "before": {"query": "old", "gallery": "old"},
        "after": {"query": "forward/rho", "gallery": "forward/rho"},
        "states": 2, "queries": 6,
    }  # fmt: skip
    order(digits(mine=row), layout, "mine")
    parts = ("query", "gallery")
    old, rho = (
        [load_array(layout.embeddings(n, p)) for p in parts] for n in ("old", "forward/rho")
    )
    for place, (made, seed) in enumerate(zip(load_array(layout.order("mine")), SEEDS, strict=True)):
        after = rho[0][place], rho[1][place]
        gains = mean_gains((old[0][0], old[1][0]), after, relevance, seed, states=2, queries=6)
        np.testing.assert_array_equal(made, orders.by_score(gains))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("random", "split/gallery/labels.npy"),
        ("margin", "embeddings/old/gallery.npy"),
        ("margin", "embeddings/old/classifier.npz"),
        ("forward", "embeddings/forward/log_variance/gallery.npy"),
    ],
)
@pytest.mark.parametrize("damage", ["not there", "no readable"])
def test_a_missing_or_damaged_input_is_named(
    layout: Layout, name: str, file: str, damage: str
) -> None:
    path = layout.data / file
    if damage == "not there":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=f"{file}: {damage}"):
        order(digits(), layout, name)
    assert not layout.order(name).exists()


@pytest.mark.parametrize("name", ["entropy", "forward"])
def test_what_is_no_number_orders_nothing_and_the_row_is_named(layout: Layout, name: str) -> None:
    path = layout.embeddings("old" if name == "entropy" else "forward/log_variance", "gallery")
    values = load_array(path)
    values[0, 7] = np.nan
    save_array(path, values)
    message = rf"^orders\.{name}: scores: nan in row 7, expected finite numbers$"
    with pytest.raises(InputError, match=message):
        order(digits(), layout, name)
    assert not layout.order(name).exists()
