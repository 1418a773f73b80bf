"""Which inputs an order reads, and which of them belong to which seed."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from backfill import orders
from backfill.arrays import Array, Floats, System
from backfill.encoders.classifier import StoredClassifier
from backfill.orders.coverage import coverage
from backfill.orders.scores import by_score
from backfill.orders.uncertainty import entropy, least_confidence, margin
from backfill.params.base import SystemSets
from backfill.params.rows.orders import Order
from backfill.relevance import Relevance
from backfill.retrieval.oracle import mean_gains

COUNT, QUERIES, DIM = 30, 9, 5
SEEDS = [3, 4, 5]
RNG = np.random.default_rng(0)


def drawn(*shape: int) -> np.ndarray:
    rows = RNG.normal(size=shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


GALLERIES = {"old": drawn(1, COUNT, DIM), "forward/h": drawn(len(SEEDS), COUNT, DIM)}
SEARCHES = {"old": drawn(1, QUERIES, DIM), "forward/h": drawn(len(SEEDS), QUERIES, DIM)}
CLASSIFIERS = {
    name: StoredClassifier(drawn(4, DIM), list(range(4)), 6.0) for name in ("old", "new")
}
LOG_VARIANCES = {"forward": drawn(len(SEEDS), COUNT), "fastfill": drawn(1, COUNT)}
RELEVANCE = Relevance.from_labels(np.arange(QUERIES) % 3, np.arange(COUNT) % 3)


class Inputs:
    """All in memory; remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def count(self) -> int:
        self.asked.add("count")
        return COUNT

    def gallery(self, embedding_set: str) -> Array:
        self.asked.add(f"gallery {embedding_set}")
        return GALLERIES[embedding_set]

    def classifier(self, encoder: str) -> StoredClassifier:
        self.asked.add(f"classifier {encoder}")
        return CLASSIFIERS[encoder]

    def log_variance(self, transform: str) -> Floats:
        self.asked.add(f"log_variance {transform}")
        return LOG_VARIANCES[transform]

    def system(self, sets: SystemSets) -> System:
        self.asked.add(f"system {sets.query} {sets.gallery}")
        return System(SEARCHES[sets.query], GALLERIES[sets.gallery])

    def relevance(self) -> Relevance:
        self.asked.add("relevance")
        return RELEVANCE


def made(**settings: Any) -> tuple[list[list[int]], set[str]]:
    """The orders of a row, and what it asked for."""
    inputs = Inputs()
    row: Order = TypeAdapter(Order).validate_python(settings)
    found = orders.make(row, inputs, SEEDS)
    return [order.tolist() for order in found], inputs.asked


def test_a_random_order_is_that_of_its_seed() -> None:
    found, asked = made(kind="random")
    assert found == [np.random.default_rng(seed).permutation(COUNT).tolist() for seed in SEEDS]
    assert asked == {"count"}


@pytest.mark.parametrize(
    ("kind", "uncertainty"),
    [("least_confidence", least_confidence), ("margin", margin), ("entropy", entropy)],
)
@pytest.mark.parametrize("judge", ["old", "new"])
def test_a_classifiers_uncertainty_orders_all_seeds_alike(
    kind: str, uncertainty: Any, judge: str
) -> None:
    other = {} if judge == "old" else {"classifier": judge}
    found, asked = made(kind=kind, embeddings="old", **other)
    scores = uncertainty(CLASSIFIERS[judge].scores(GALLERIES["old"][0]))
    assert found == [by_score(scores).tolist()] * len(SEEDS)
    assert asked == {"gallery old", f"classifier {judge}"}


@pytest.mark.parametrize("transform", ["forward", "fastfill"])
def test_each_seed_has_its_own_prediction_or_all_share_one(transform: str) -> None:
    found, asked = made(kind="predicted", transform=transform)
    scores = np.broadcast_to(LOG_VARIANCES[transform], (len(SEEDS), COUNT))
    assert found == [by_score(row).tolist() for row in scores]
    assert asked == {f"log_variance {transform}"}


@pytest.mark.parametrize("over", ["old", "forward/h"])
@pytest.mark.parametrize(
    "scores",
    [
        {"kind": "predicted", "transform": "forward"},
        {"kind": "predicted", "transform": "fastfill"},
        {"kind": "entropy", "embeddings": "old"},
    ],
)
def test_coverage_takes_a_seeds_own_space_and_scores(over: str, scores: dict[str, str]) -> None:
    found, asked = made(
        kind="coverage", over=over, scores=scores, cell_size=4, scored_share=0.25
    )  # fmt: skip
    if "transform" in scores:
        values = LOG_VARIANCES[scores["transform"]]
        assert asked == {f"gallery {over}", f"log_variance {scores['transform']}"}
    else:
        values = entropy(CLASSIFIERS["old"].scores(GALLERIES["old"][0]))[None]
        assert asked == {f"gallery {over}", "gallery old", "classifier old"}
    spaces = np.broadcast_to(GALLERIES[over], (len(SEEDS), COUNT, DIM))
    own = np.broadcast_to(values, (len(SEEDS), COUNT))
    for order, space, row, seed in zip(found, spaces, own, SEEDS, strict=True):
        wanted = coverage(space, row, seed, cell_size=4, scored_share=0.25)
        assert order == wanted.tolist()


def test_an_oracle_looks_at_both_systems_of_a_seed() -> None:
    found, asked = made(
        kind="oracle",
        before={"query": "old", "gallery": "old"},
        after={"query": "forward/h", "gallery": "forward/h"},
        states=2,
        queries=6,
    )
    before = System(SEARCHES["old"][0], GALLERIES["old"][0])
    for position, seed in enumerate(SEEDS):
        after = System(SEARCHES["forward/h"][position], GALLERIES["forward/h"][position])
        gains = mean_gains(before, after, RELEVANCE, seed, states=2, queries=6)
        assert found[position] == by_score(gains).tolist()
    assert asked == {"relevance", "system old old", "system forward/h forward/h"}


def test_an_oracle_without_labels_finds_what_the_new_system_ranks_first() -> None:
    settings = {
        "before": {"query": "old", "gallery": "old"},
        "after": {"query": "forward/h", "gallery": "forward/h"},
        "states": 2,
        "queries": 6,
    }
    found, asked = made(kind="oracle_without_labels", neighbours=3, **settings)
    before = System(SEARCHES["old"][0], GALLERIES["old"][0])
    for position, seed in enumerate(SEEDS):
        after = System(SEARCHES["forward/h"][position], GALLERIES["forward/h"][position])
        near = np.argsort(-(after.query @ after.gallery.T), axis=1)[:, :3]
        relevance = Relevance.from_lists(list(near), [[]] * QUERIES, COUNT)
        gains = mean_gains(before, after, relevance, seed, states=2, queries=6)
        assert found[position] == by_score(gains).tolist()
    assert asked == {"relevance", "system old old", "system forward/h forward/h"}
    assert found != made(kind="oracle", **settings)[0]
