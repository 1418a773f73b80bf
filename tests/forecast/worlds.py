"""Small galleries and queries that two models have embedded."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from backfill.align.maps import unit
from backfill.arrays import Float32s
from backfill.vectors import Upgrade

OLD, NEW = 12, 16


@dataclass
class World:
    """Unit vectors of all items and queries in both spaces, and a label for each."""

    old: Float32s
    new: Float32s
    queries_old: Float32s
    queries_new: Float32s
    labels: np.ndarray
    query_labels: np.ndarray


def world(items: int = 600, queries: int = 40, old_noise: float = 0.5, seed: int = 0) -> World:
    """Items and queries around 20 topics; the old model sees them through more noise."""
    rng = np.random.default_rng(seed)
    topics = rng.normal(size=(20, 8))
    labels = rng.integers(20, size=items + queries)
    seen = topics[labels] + 0.4 * rng.normal(size=(items + queries, 8))
    old = seen @ rng.normal(size=(8, OLD)) / 3 + old_noise * rng.normal(size=(len(seen), OLD))
    new = seen @ rng.normal(size=(8, NEW)) / 3 + 0.2 * rng.normal(size=(len(seen), NEW))
    return World(
        unit(old[:items]),
        unit(new[:items]),
        unit(old[items:]),
        unit(new[items:]),
        labels[:items],
        labels[items:],
    )


def upgrade(of: World, sample: np.ndarray, **changed: Any) -> Upgrade:
    """What a folder with these vectors would be read as."""
    parts: dict[str, Any] = {
        "old": of.old,
        "new": of.new[sample],
        "sample": np.asarray(sample),
        "queries_old": of.queries_old,
        "queries_new": of.queries_new,
        "pairs_old": None,
        "pairs_new": None,
        "ids": [f"item {row}" for row in range(len(of.old))],
        "query_ids": [f"query {row}" for row in range(len(of.queries_old))],
        "labels": None,
        "query_labels": None,
        "judgements": None,
        "weights": None,
        "texts": None,
        "query_texts": None,
        "notes": [],
    }
    return Upgrade(**(parts | changed))
